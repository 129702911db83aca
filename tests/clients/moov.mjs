// The Moov SDK for JavaScript, unmodified, against a running gatefold.
// Usage: moov.mjs URL ID SECRET
import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { crc32, deflateSync } from "node:zlib";
import { pathToFileURL } from "node:url";

// The SDK lies where run.sh has put it.
const here = createRequire(`${process.env.GATEFOLD_CLIENTS ?? process.cwd()}/package.json`);
const load = async (name) => import(pathToFileURL(here.resolve(name)));
const { Moov } = await load("@moovio/sdk");
const errors = await load("@moovio/sdk/models/errors/index.js");

const [url, username, password] = process.argv.slice(2);
const accountID = randomUUID();
const base = randomInt(1_000_000);

const crc = (bytes) => {
  if (crc32) return crc32(bytes);
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let i = 0; i < 8; i++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
};
const chunk = (name, data) => {
  const body = Buffer.concat([Buffer.from(name), data]);
  const head = Buffer.alloc(4), tail = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  tail.writeUInt32BE(crc(body));
  return Buffer.concat([head, body, tail]);
};
const png = (seed, width = 64 + seed, height = 48) => {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width * 3; x++)
      rows[y * (width * 3 + 1) + 1 + x] = (x * 3 + y * 5 + (base + seed) * 17) % 256;
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0)),
  ]);
};
const image = (seed) => new Blob([png(seed)]);

const refused = async (kind, status, promise) => {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof kind, `${error?.name}: ${error?.message} ${error?.cause}`);
    assert.equal(error.statusCode, status, error.body);
    assert.ok(error.headers.get("x-request-id"));
    return error;
  }
  assert.fail(`not refused with ${status}`);
};

const moov = new Moov({ serverURL: url, security: { username, password } });
const stranger = new Moov({ serverURL: url, security: { username, password: "wrong" } });
const { images } = moov;
const upload = (seed, metadata) =>
  images.upload({ accountID, imageUploadRequestMultiPart: { image: image(seed), metadata } });

const first = (await upload(1, { altText: "Red carton" })).result;
assert.equal(first.altText, "Red carton");
assert.equal(first.publicID.length, 21);
assert.ok(first.createdOn instanceof Date);
const file = { fileName: "example.file", content: new Uint8Array(png(2)) };
const plain = (await images.upload({ accountID, imageUploadRequestMultiPart: { image: file } })).result;
assert.equal(plain.altText, undefined);

const ids = async (page) => (await images.list({ accountID, ...page })).result.map((i) => i.imageID);
assert.deepEqual(await ids({}), [plain.imageID, first.imageID]);
assert.deepEqual(await ids({ skip: 1, count: 1 }), [first.imageID]);
assert.deepEqual(await ids({ skip: 5 }), []);
const own = { accountID, imageID: first.imageID };
assert.deepEqual((await images.getMetadata(own)).result, first);

const replace = async (seed, metadata) =>
  (await images.update({ ...own, imageUploadRequestMultiPart: { image: image(seed), metadata } })).result;
const kept = await replace(3);
assert.deepEqual([kept.altText, kept.publicID], ["Red carton", first.publicID]);
assert.equal((await replace(4, { altText: "Blue" })).altText, "Blue");
assert.equal((await replace(5, {})).altText, undefined);
const setText = (altText) => images.updateMetadata({ ...own, imageMetadataRequest: { altText } });
assert.equal((await setText("Green")).result.altText, "Green");
assert.equal((await setText(undefined)).result.altText, undefined);

const publicID = first.publicID;
const one = (headers, name) => [headers[name]].flat()[0];
const shown = await images.getPublic({ publicID });
const etag = one(shown.headers, "etag");
assert.equal(one(shown.headers, "content-type"), "image/jpeg");
const bytes = Buffer.from(await new Response(shown.result).arrayBuffer());
assert.equal(bytes.subarray(0, 2).toString("hex"), "ffd8");
const small = await images.getPublic({ publicID, size: "32x0" });
assert.notEqual(one(small.headers, "etag"), etag);
await new Response(small.result).arrayBuffer();
const again = await images.getPublic({ publicID, ifNoneMatch: etag });
assert.equal(again?.result, undefined);

const GenericError = errors.GenericError, Validation = errors.ImageRequestValidationError;
const both = (image, metadata) => {
  const imageUploadRequestMultiPart = { image, metadata };
  return [
    () => images.upload({ accountID, imageUploadRequestMultiPart }),
    () => images.update({ ...own, imageUploadRequestMultiPart }),
  ];
};
for (const call of both(image(2)))
  assert.ok((await refused(GenericError, 409, call())).data$.error);
for (const call of both(new Blob(["GIF89a nonsense"])))
  assert.ok((await refused(Validation, 422, call())).data$.image);
for (const call of both(image(9), { altText: "x".repeat(126) }))
  assert.match((await refused(Validation, 422, call())).data$.metadata.altText, /125/);
for (const call of both(new Blob([new Uint8Array(20_000_000)])))
  assert.ok((await refused(GenericError, 400, call())).data$.error);
const long = await refused(errors.ImageMetadataValidationError, 422, setText("x".repeat(126)));
assert.match(long.data$.altText, /125/);

const { MoovError } = errors, missing = { accountID, imageID: randomUUID() };
await refused(MoovError, 404, images.getMetadata(missing));
await refused(MoovError, 404, images.getMetadata({ accountID, imageID: "no-id" }));
await refused(MoovError, 404, images.delete(missing));
await refused(MoovError, 404, images.getPublic({ publicID: "qJRAaAwwF5hmfeAFdHjIb" }));
await refused(MoovError, 400, images.getPublic({ publicID, size: "0x0" }));
await refused(MoovError, 400, images.getPublic({ publicID, size: "2049x1" }));
await refused(MoovError, 400, images.list({ accountID, count: 201 }));
await refused(MoovError, 401, stranger.images.list({ accountID }));

await images.delete(own);
assert.ok((await images.getMetadata(own)).result.disabledOn instanceof Date);
await new Response((await images.getPublic({ publicID })).result).arrayBuffer();
console.log("@moovio/sdk: all passed");
