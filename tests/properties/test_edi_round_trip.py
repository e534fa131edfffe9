"""What is written as EDIFACT is read back as it was, by the hub and by pydifact, whatever letters it has."""

from __future__ import annotations

import io
import warnings

from hypothesis import given
from hypothesis import strategies as st
from pydifact.segmentcollection import Interchange

from connectors.edi.source import Source
from connectors.edifact.writing import LEVEL_C, Writer

letters = st.characters(
    min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f\xad", exclude_categories=["C", "Z"]
)
texts = st.text("?+:'a", min_size=1, max_size=6) | st.text(letters, min_size=1, max_size=8)
segments = st.lists(st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=4), min_size=1, max_size=5)


def written(content: list[list[list[str]]]) -> bytes:
    write = Writer()
    return write.segments([["FTX", *(write.composite(*element) for element in each)] for each in content])


@given(segments)
def test_the_hub_reads_what_it_wrote(content: list[list[list[str]]]) -> None:
    source = Source(io.BytesIO(written(content)))
    read = []
    while raw := source.take(LEVEL_C.terminator.encode(), LEVEL_C.release.encode()):
        read.append(LEVEL_C.split(raw.content)[1:])
    assert read == content


@given(segments)
def test_pydifact_reads_what_the_hub_wrote(content: list[list[list[str]]]) -> None:
    envelope = "UNB+UNOC:3+A:14+B:14+260302:0915+1'UNH+1+ORDERS:D:96A:UN'{}UNT+{}+1'UNZ+1+1'"
    text = envelope.format(written(content).decode("latin-1"), len(content) + 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (message,) = Interchange.from_str(text).get_messages()
    read = [[each if isinstance(each, list) else [each] for each in segment.elements] for segment in message.segments]
    assert read == content
