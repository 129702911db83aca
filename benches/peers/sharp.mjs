// sharp in process; libvips on libuv's threads.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import sharp from "sharp";

// Else a second run of a job would be answered from the first.
sharp.cache(false);
sharp.concurrency(1);

const inside = (side) => [side, side, { fit: "inside", withoutEnlargement: true }];
const jpeg = { quality: 82 };

async function thumb(path) {
  const made = await sharp(path).autoOrient().resize(...inside(320)).jpeg(jpeg).toBuffer();
  return made.length;
}

async function three(path) {
  const decoded = sharp(path).autoOrient().resize(...inside(1200)).removeAlpha().toColorspace("srgb");
  let { data, info } = await decoded.raw().toBuffer({ resolveWithObject: true });
  const picture = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  let made = (await picture().jpeg(jpeg).toBuffer()).length;
  ({ data, info } = await picture().resize(...inside(640)).raw().toBuffer({ resolveWithObject: true }));
  made += (await picture().jpeg(jpeg).toBuffer()).length;
  made += (await picture().resize(...inside(320)).jpeg(jpeg).toBuffer()).length;
  return made;
}

async function check(path) {
  await sharp(path).raw().toBuffer();
  return 0;
}

async function png(side, out, path) {
  await sharp(path).autoOrient().resize(...inside(Number(side))).png({ compressionLevel: 1 }).toFile(out);
  return 0;
}

const each = (job) => async (...paths) => {
  let made = 0;
  for (const path of paths) made += await job(path);
  return made;
};

// Two at a time.
const batch = (job) => async (folder) => {
  const paths = readdirSync(folder).sort().map((name) => join(folder, name));
  let made = 0;
  const work = async () => {
    for (let path; (path = paths.shift()); ) made += await job(path);
  };
  await Promise.all([work(), work()]);
  return made;
};

const jobs = {
  thumb: each(thumb),
  three: each(three),
  check: each(check),
  png,
  "batch-thumb": batch(thumb),
  "batch-three": batch(three),
};

console.log(`sharp ${sharp.versions.sharp} (libvips ${sharp.versions.vips})`);
for await (const line of createInterface({ input: process.stdin })) {
  const [job, ...words] = line.split("\t");
  const cpu = process.cpuUsage();
  const wall = performance.now();
  const made = await jobs[job](...words);
  const { user, system } = process.cpuUsage(cpu);
  console.log((user + system) / 1e6, (performance.now() - wall) / 1e3, made);
}
