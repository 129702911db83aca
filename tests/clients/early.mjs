// Sends a file over HTTP/2 without TLS and prints the status of the answer: URL, key, file.
import { createReadStream } from 'node:fs';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';

const [url, key, file] = process.argv.slice(2);
const { origin, pathname } = new URL(url);
const session = connect(origin);
const request = session.request({
    ':method': 'POST',
    ':path': pathname,
    authorization: key,
    'content-type': 'multipart/form-data; boundary=x',
});
const head = new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
});
createReadStream(file).pipe(request);
const status = (await head)[':status'];
JSON.parse(await text(request));
console.log(status);
session.close();
