"""Holds profiles against the JSON Schema that `smppbench schema profile` prints.

    python3 profile.py FOLDER

FOLDER has schema.json, good/*.json and bad/*.json. Every good profile is valid and every bad one is not.
"""
import glob
import json
import os
import sys

from jsonschema import Draft202012Validator


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


folder = sys.argv[1]
schema = read(os.path.join(folder, "schema.json"))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
good = sorted(glob.glob(os.path.join(folder, "good", "*.json")))
bad = sorted(glob.glob(os.path.join(folder, "bad", "*.json")))
if not good or not bad:
    sys.exit("no profiles")
for path in good:
    for error in validator.iter_errors(read(path)):
        sys.exit(f"{path}: {error.message}")
for path in bad:
    if validator.is_valid(read(path)):
        sys.exit(f"{path}: is valid: {read(path)}")
print(f"profiles: {len(good)} valid, {len(bad)} not")
