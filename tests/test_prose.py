"""What users read is plain: no sentence is long, and no word is private to this project."""

from __future__ import annotations

import re

import pytest

from prose import PAGES, SOURCES, paragraphs, prose, sentences, texts, words

MOST_WORDS = 40

PRIVATE = {
    "dealt": "shuffled",
    "by heart": "memorised",
    "but for": "except",
    "besides": "also",
    "crew": "workers",
    "lane": "(say nothing of vectors)",
    "lanes": "(say nothing of vectors)",
    "roads?": "kind of map",
    "told by": "recognised by",
    "other hands": "other people",
    "thrice": "three times",
    "anew": "again",
    "no part of": "not part of",
    "as of every": "as in every",
}
"""Words of ours that readers stumbled over, and what to say; the table of names in CONTRIBUTING.md may explain them."""

FOUND = tuple(prose())


def test_no_sentence_that_users_read_is_longer_than_forty_words() -> None:
    long = [(place, one) for place, text in FOUND for one in sentences(text) if words(one) > MOST_WORDS]
    assert not long, long[:5]


@pytest.mark.parametrize("word", PRIVATE)
def test_private_words_stay_in_the_glossary(word: str) -> None:
    plain = [(place, re.sub(r"`[^`]*`", "", text)) for place, text in FOUND]  # names of the code are no words
    found = [(place, text[:120]) for place, text in plain if re.search(rf"\b{word}\b", text, re.IGNORECASE)]
    assert not found, f"say {PRIVATE[word]!r}: {found[:5]}"


def test_the_net_is_fine_enough() -> None:
    """The texts that people read are among those that are looked at."""
    assert len(PAGES) > 10
    assert len(SOURCES) > 300
    read = " ".join(text for _, text in FOUND)
    for known in (
        "Is it a funnel or a glass?",  # the README
        "Print only the verdict; no progress bar.",  # help
        "Map a landscape into an atlas.",  # help, a docstring
        "random signs reach as low as the ground energy",  # a verdict
        "One state stands out, and most ways down lead to it.",  # the page
        "give a finite number above 0",  # an error
        "Each line ends at a minimum; lines meet at the pass between them.",  # a caption
    ):
        assert known in read, known


def test_code_and_tables_are_no_sentences() -> None:
    page = "# A title\n\nOne. Two\nthree.\n\n| a | b |\n\n- item one\n- item two\n\n```\ncode\n```\n"
    assert list(paragraphs(page)) == ["One. Two three.", "- item one", "- item two"]
    assert list(sentences("One: two; three (four). Five")) == ["One:", "two;", "three (four).", "Five"]
    assert words("a = 3 [1, 2] %") == 4
    source = '"""Doc."""\nX = 3\n"""Of X."""\nraise ValueError(f"n={X} is out of range" "; give more")\n'
    assert [text for _, text in texts(source, docstrings=False)] == ["n=0 is out of range; give more"]
    assert next(texts(source, docstrings=True)) == (1, "Doc.")
