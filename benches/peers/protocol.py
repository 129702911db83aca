"""The workers' side: a greeting, then one line for each job.

In: the job and its arguments, separated by tabs. Out: seconds of CPU, seconds on the clock, bytes made.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def serve(version, jobs):
    print(version, flush=True)
    for line in sys.stdin:
        job, *arguments = line.rstrip("\n").split("\t")
        cpu, wall = time.process_time(), time.perf_counter()
        made = jobs[job](*arguments)
        print(time.process_time() - cpu, time.perf_counter() - wall, made, flush=True)


def each(job):
    """The job for each of the paths."""
    return lambda *paths: sum(map(job, paths))


def batch(job):
    """The job for each file of a folder, two at a time."""

    def run(folder):
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(job, sorted(map(str, Path(folder).iterdir()))))

    return run
