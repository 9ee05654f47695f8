"""Contact energies of kinds of monomers: twenty amino acids, three letters, hydrophobic and polar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALPHABETS", "Alphabet", "independent_interactions", "miyazawa_jernigan"]

_ROWS = """
544 499 580 550 583 496 495 416 357 316 311 286 259 285 241 227 360 257 195 307
546 656 602 641 532 555 491 394 339 351 303 295 330 257 289 398 312 248 345
726 684 728 629 616 566 481 413 428 402 375 410 348 356 477 398 336 425
654 704 605 578 525 458 378 403 352 324 367 317 327 414 363 301 376
737 648 614 567 491 416 434 392 374 404 340 359 454 403 337 420
552 518 462 404 338 346 305 283 307 248 267 358 307 249 332
506 466 382 342 322 299 307 311 284 299 398 341 269 373
417 336 301 301 278 276 297 276 279 352 316 260 319
272 231 232 201 184 189 170 151 241 183 131 203
224 208 182 174 166 159 122 215 172 115 187
212 196 188 190 180 174 242 190 131 190
167 158 149 163 148 211 162 105 157
168 171 168 151 208 164 121 153
154 146 142 198 180 129 173
121 102 232 229 168 133
91 215 227 180 126
305 216 135 225
155 59 170
12 97
175
"""
"""Minus hundred times e_ij of table 3 (upper half), in units of RT, row by row from the diagonal."""


@dataclass(frozen=True, slots=True, eq=False)
class Alphabet:
    """Kinds of monomers and their contact energies, ``unit * table[a, b]``."""

    letters: str
    table: NDArray[np.int32]
    unit: float
    source: str


def miyazawa_jernigan() -> NDArray[np.int32]:
    """Contact energies of the twenty amino acids, in hundredths of RT, in the order CMFILVWYAGTSNQDEHRKP.

    Miyazawa, Jernigan, J. Mol. Biol. 256, 623 (1996), table 3. Their second half, ``e_ij - (e_ii + e_jj) / 2``, to two
    decimals, was used to check each number: cysteine with methionine -4.99 + (5.44 + 5.46) / 2 = 0.46.

    Examples
    --------
    >>> table = miyazawa_jernigan()
    >>> table.shape, int(table[0, 1]), int(table[4, 4])
    ((20, 20), -499, -737)
    """
    table = np.zeros((20, 20), np.int32)
    for row, line in enumerate(_ROWS.split("\n")[1:-1]):
        table[row, row:] = [-int(number) for number in line.split()]
    return np.asarray(np.maximum(table, table.T) + np.minimum(table, table.T) - np.diag(np.diag(table)), np.int32)


def independent_interactions(kinds: int = 20) -> NDArray[np.int32]:
    """Contact energies of as many kinds, each drawn from a normal distribution; in hundredths of its spread.

    Mean 0 and standard deviation 1 over the table, to a hundredth: no kind is sticky as such, and nothing is gained by
    collapse alone.

    Shakhnovich, Gutin, Biophys. Chem. 34, 187 (1989): the model of independent interactions, which random sequences of
    many kinds approach.

    Examples
    --------
    >>> table = independent_interactions()
    >>> bool(abs(table.mean()) < 1.0), bool(abs(table.std() - 100.0) < 1.0)
    (True, True)
    """
    drawn = np.triu(np.random.default_rng(1989).standard_normal((kinds, kinds)))
    table = drawn + np.triu(drawn, 1).T
    table = (table - table.mean()) / table.std()
    return np.asarray(np.round(100.0 * table), np.int32)


ALPHABETS = {
    "mj": Alphabet(
        "CMFILVWYAGTSNQDEHRKP",
        miyazawa_jernigan(),
        0.01,
        "Miyazawa, Jernigan, J. Mol. Biol. 256, 623 (1996), table 3",
    ),
    "mj-centred": Alphabet(
        "CMFILVWYAGTSNQDEHRKP",
        miyazawa_jernigan() - np.int32(round(float(miyazawa_jernigan().mean()))),
        0.01,
        "Miyazawa, Jernigan, J. Mol. Biol. 256, 623 (1996), table 3, less the mean of the table",
    ),
    "independent": Alphabet(
        "CMFILVWYAGTSNQDEHRKP",
        independent_interactions(),
        0.01,
        "drawn from a normal distribution: Shakhnovich, Gutin, Biophys. Chem. 34, 187 (1989)",
    ),
    "three": Alphabet(
        "ABC",
        np.where(np.eye(3, dtype=bool), -3, -1).astype(np.int32),
        1.0,
        "like -3, unlike -1: Socci, Onuchic, J. Chem. Phys. 103, 4732 (1995)",
    ),
    "hp": Alphabet("HP", np.array([[-1, 0], [0, 0]], np.int32), 1.0, "Lau, Dill, Macromolecules 22, 3986 (1989)"),
}
