"""Stands in for GitHub's command line: releases are a folder, comments a file. Only what the workflow asks of it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from argparse import ArgumentParser
from pathlib import Path

import jq

WORLD = Path(os.environ["GH_WORLD"])
COMMENTS = WORLD / "comments.json"
BOT = "github-actions[bot]"


def download(arguments: list[str]) -> None:
    """Copy files of a release."""
    parser = ArgumentParser()
    parser.add_argument("tag")
    parser.add_argument("--repo", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--pattern", action="append", required=True)
    asked = parser.parse_args(arguments)
    for name in asked.pattern:
        shutil.copy(WORLD / "releases" / asked.repo / asked.tag / name, asked.dir)


def api(arguments: list[str]) -> None:
    """List, add or change comments."""
    parser = ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--jq")
    parser.add_argument("--field")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--paginate", action="store_true")
    asked = parser.parse_args(arguments)
    comments = json.loads(COMMENTS.read_text())
    if asked.method == "GET":
        assert asked.path == "repos/acme/platform/issues/7/comments"
        for page in (comments[:2], comments[2:]):
            for found in jq.compile(asked.jq).input_value(page):
                print(found)
        return
    key, _, file = asked.field.partition("=@")
    body = Path(file).read_text(encoding="utf-8")
    if asked.method == "POST":
        assert asked.path == "repos/acme/platform/issues/7/comments"
        comments.append({"id": len(comments) + 100, "user": {"login": BOT}, key: body})
    else:
        (changed,) = (each for each in comments if asked.path == f"repos/acme/platform/issues/comments/{each['id']}")
        changed[key] = body
    COMMENTS.write_text(json.dumps(comments))


if __name__ == "__main__":
    if sys.argv[1:3] == ["release", "download"]:
        download(sys.argv[3:])
    else:
        assert sys.argv[1] == "api"
        api(sys.argv[2:])
