# SPDX-License-Identifier: Apache-2.0
"""Stands in for the get-pip.py that ansible-test would download: the pinned wheel beside it, run from itself."""

import runpy
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
# It is copied to the name that ansible-test looks for, such as get_pip_24_2.py.
VERSION = Path(__file__).stem.removeprefix("get_pip_").replace("_", ".")
sys.path.insert(0, str(FOLDER / f"pip-{VERSION}-py3-none-any.whl"))
# pip itself does not know these two any more.
arguments = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.argv[1:] = ["install", "--no-index", "--find-links", str(FOLDER), *arguments]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
