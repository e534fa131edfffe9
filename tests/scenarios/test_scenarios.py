"""Every scenario of the files beside this one."""

from __future__ import annotations

from pytest_bdd import scenarios

scenarios(".")
