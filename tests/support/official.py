"""The official artefacts documents are judged by, fetched once through Maven at pinned versions.

UBL 2.1 XSD (OASIS, ISO/IEC 19845), the EN 16931 schematron and its example invoices (CEN/TC 434, 1.3.16), and the
schematron of Peppol BIS Billing 3 (May 2026), each in the jar that carries it to validators.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import zipfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_SVRL = {"svrl": "http://purl.oclc.org/dsdl/svrl"}


class _Jar(NamedTuple):
    artifact: str
    sha256: str
    kept: tuple[str, ...] = ("external/", "schemas/")
    """Where in it lies what is wanted."""


_XSD = _Jar("com.helger.ubl:ph-ubl21:10.2.0", "7317ddd448f58cdf4e550878d839be8d3324b410771ba462a35ced49ccb26a52")
_CORE_TYPES = _Jar(
    "com.helger.xsd:ph-xsds-ccts-cct-schemamodule:4.1.0",
    "ec0e60be5265b09fac75a57a4b284244820c23f0481a1c75802ba4eb6338b0fd",
)
_SIGNATURES = _Jar(
    "com.helger.xsd:ph-xsds-xmldsig:4.1.0", "66590e38b0994d0fd6cd89b1588a3c96fad3a3c85494cf764783fe0c4acc9c3d"
)
_EN = _Jar(
    "com.helger.phive.rules:phive-rules-en16931:4.3.7",
    "842998fe45911442b711300ab251e46489a9a5e2ffc02ddefc4293f8784c2662",
)
_PEPPOL = _Jar(
    "com.helger.phive.rules:phive-rules-peppol:4.3.7",
    "c82aaeda5ca16166034421393d160ec6cf77460b16e027eecc4bb5fe67a552ce",
)
_EXAMPLES = _Jar(
    "com.helger.phive.rules:phive-rules-en16931:4.3.7:jar:test-sources",
    "59fe50600a55f692020d4464657d739b8a7fea35567256fc02ba30e084723c72",
    ("external/test-files/1.3.16/ubl/",),
)


class Broken(NamedTuple):
    """A rule a document breaks."""

    rule: str
    text: str


def examples() -> dict[str, bytes]:
    """The example invoices and credit notes of CEN/TC 434 in UBL, by file name."""
    return {path.name: path.read_bytes() for path in (_unpacked(_EXAMPLES) / _EXAMPLES.kept[0]).iterdir()}


def schema_errors(document: bytes) -> list[str]:
    """What the UBL 2.1 XSD says against a document."""
    root = etree.fromstring(document)
    schema = _schema(etree.QName(root).localname)
    return [] if schema.validate(root) else str(schema.error_log).splitlines()


def broken(document: bytes, *, peppol: bool = False) -> set[Broken]:
    """The fatal rules of EN 16931 that a document breaks; with `peppol` those of BIS Billing 3 too."""
    found = _asserted(document, _rules(_EN, "external/schematron/1.3.16/ubl/EN16931-UBL-validation.xslt"))
    if peppol:
        rules = _rules(_PEPPOL, "external/schematron/openpeppol/2026.5/xslt/PEPPOL-EN16931-UBL.xslt")
        found |= _asserted(document, rules)
    return found


def broken_in_ordering(document: bytes, transaction: str) -> set[Broken]:
    """The fatal rules of a transaction of Peppol BIS Ordering 3 (`T76`) that a document breaks."""
    return _asserted(
        document, _rules(_PEPPOL, f"external/schematron/openpeppol/2026.5/xslt/PEPPOLBIS-{transaction}.xslt")
    )


def _asserted(document: bytes, rules: PyXsltExecutable) -> set[Broken]:
    node = _saxon().parse_xml(xml_text=document.decode())
    report = etree.fromstring(rules.transform_to_string(xdm_node=node).encode())
    failed = report.iterfind(".//svrl:failed-assert", _SVRL)
    return {
        Broken(str(each.get("id")), " ".join("".join(map(str, each.itertext())).split()))
        for each in failed
        if each.get("flag") == "fatal"
    }


@cache
def _saxon() -> PySaxonProcessor:
    return PySaxonProcessor(license=False)


@cache
def _rules(jar: _Jar, path: str) -> PyXsltExecutable:
    return _saxon().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(_unpacked(jar) / path))


@cache
def _schema(document: str) -> etree.XMLSchema:
    """The document's schema, with those that UBL's import without saying where they are."""
    places = {
        "urn:un:unece:uncefact:data:specification:CoreComponentTypeSchemaModule:2": (
            _unpacked(_CORE_TYPES) / "schemas/CCTS_CCT_SchemaModule.xsd"
        ),
        "http://www.w3.org/2000/09/xmldsig#": _unpacked(_SIGNATURES) / "schemas/xmldsig-core-schema.xsd",
        f"urn:oasis:names:specification:ubl:schema:xsd:{document}-2": (
            _unpacked(_XSD) / f"external/schemas/ubl21/maindoc/UBL-{document}-2.1.xsd"
        ),
    }
    imports = "".join(f'<import namespace="{name}" schemaLocation="{path}"/>' for name, path in places.items())
    return etree.XMLSchema(etree.fromstring(f'<schema xmlns="http://www.w3.org/2001/XMLSchema">{imports}</schema>'))


@cache
def _unpacked(jar: _Jar) -> Path:
    """The jar's content in the user's cache; appears whole or not at all."""
    home = os.environ.get("XDG_CACHE_HOME")
    directory = (Path(home) if home else Path.home() / ".cache") / "orderhub" / f"official-{jar.sha256[:12]}"
    if not directory.is_dir():
        scratch = directory.with_name(f"{directory.name}.{os.getpid()}")
        shutil.rmtree(scratch, ignore_errors=True)
        _fetch(jar, scratch)
        try:
            scratch.rename(directory)
        except OSError:
            shutil.rmtree(scratch)  # another process was quicker
    return directory


def _fetch(jar: _Jar, directory: Path) -> None:
    goal = [_PLUGIN, f"-Dartifact={jar.artifact}", f"-DoutputDirectory={directory}"]
    subprocess.run(
        ["mvn", "--batch-mode", "--quiet", "--no-transfer-progress", "--strict-checksums", *goal],
        check=True,
        timeout=600,
        cwd=directory.parent,
    )
    (archive,) = directory.glob("*.jar")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != jar.sha256:
        raise RuntimeError(f"{jar.artifact} has SHA-256 {digest}, not {jar.sha256}")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(directory, [name for name in packed.namelist() if name.startswith(jar.kept)])
    archive.unlink()
