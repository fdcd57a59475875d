#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""etc/assay.schema.json takes what assay takes, and finds slips."""

import glob
import json
import os
import sys

import yaml

TOP = os.environ.get("top_srcdir") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../..")
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
import tap  # noqa: E402
from tap import ok  # noqa: E402

try:
    import jsonschema
except ImportError:
    print("1..0 # SKIP python3-jsonschema is not there")
    sys.exit(0)


class Loader(yaml.SafeLoader):
    """Dates stay text, as YAML 1.2 and assay have them."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers
            if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def schema():
    with open(os.path.join(TOP, "etc/assay.schema.json")) as f:
        return json.load(f)


def problem(text):
    errors = list(jsonschema.Draft202012Validator(schema()).iter_errors(
        yaml.load(text, Loader)))
    return errors[0].message if errors else None


@tap.test
def itself():
    jsonschema.Draft202012Validator.check_schema(schema())
    ok(True, "it is a schema")


@tap.test
def examples():
    paths = [os.path.join(TOP, "etc", name) for name in
             ("assay.yaml", "policy-observe.yaml", "policy-strict.yaml",
              "policy-own-domains.yaml", "policy-enforce-anyway.yaml",
              "policy-reject-weak.yaml", "sign-against-replay.yaml")]
    paths.append(os.path.join(TOP, "tests/data/config/full.yaml"))
    paths += sorted(glob.glob(os.path.join(
        TOP, "tests/data/replay/*/assay.yaml")))
    for path in paths:
        with open(path) as f:
            found = problem(f.read())
        ok(found is None, os.path.relpath(path, TOP), found)


@tap.test
def slips():
    for text in (
            "sokcet: x", "log: {level: loud}", "log: {levl: info}",
            "spf: {helo: maybe}", "resolver: {timeout: 3}",
            "limits: {signatures: 0}", "limits: {signatures: 101}",
            "resolver: {cache: 5X}", "policy: [{action: rejct}]",
            "policy: [{when: {sfp: fail}, action: reject}]",
            "policy: [{when: {spf: failed}, action: reject}]",
            "policy: [{when: {spf: [fail, x]}, action: reject}]",
            "policy: [{when: {spf: []}, action: reject}]",
            "policy: [{when: {}, action: reject}]",
            "policy: {}", "sign: [{domain: a}]",
            "sign: [{keys: [{selektor: a}]}]",
            "sign: [{canonicalization: strict}]",
            "origins: [{client: {}}]"):
        ok(problem(text) is not None, text)


tap.main()
