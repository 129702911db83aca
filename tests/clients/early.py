"""Sends a file over HTTP/2 without TLS and prints the status of the answer: URL, key, file."""

import sys

import httpx

url, key, file = sys.argv[1:]
with httpx.Client(http1=False, http2=True, timeout=60) as client, open(file, "rb") as body:
    headers = {"authorization": key, "content-type": "multipart/form-data; boundary=x"}
    answer = client.post(url, headers=headers, content=body)
    answer.json()
    print(answer.status_code)
