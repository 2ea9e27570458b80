"""Checks a junit.xml against junit.xsd, and its gates against result.json.

    python3 junit.py FOLDER
"""
import json
import os
import sys

from lxml import etree

folder = sys.argv[1]
schema = etree.XMLSchema(etree.parse(os.path.join(os.path.dirname(__file__), "junit.xsd")))
document = etree.parse(folder + "/junit.xml")
schema.assertValid(document)

with open(folder + "/result.json", encoding="utf-8") as file:
    gates = json.load(file)["gates"]
cases = document.findall(".//testcase")
wanted = [(f"{g['name']} {g['expression']}", g["outcome"]) for g in gates]
outcome = {"failure": "fail", "error": "undecided", "system-out": "pass"}
found = [(case.get("name"), outcome[case[0].tag]) for case in cases]
if found != wanted:
    sys.exit(f"{found} instead of {wanted}")
suite = document.find("testsuite")
for attribute, word in [("failures", "fail"), ("errors", "undecided")]:
    count = sum(o == word for _, o in wanted)
    if suite.get(attribute) != str(count) or document.getroot().get(attribute) != str(count):
        sys.exit(f"{attribute}: {suite.get(attribute)} instead of {count}")
print(f"junit.xml: valid, {len(cases)} gates")
