"""Names that have broken exporters: all of them can exist in a real library.

Some could not be typed in today (a bell, a line break): they came in by older ways, such
as a migration, and the service still serves them.
"""

from __future__ import annotations

#: path below the drive's root, and the size of the file; ``None`` makes a folder
NASTY: tuple[tuple[str, int | None], ...] = (
    # reserved on Windows, allowed by SharePoint once a suffix follows
    ("Nasty/CON.txt", 11),
    ("Nasty/aux.c", 12),
    ("Nasty/nul.tar.gz", 13),
    ("Nasty/LPT1.prn.txt", 14),
    ("Nasty/com1.log", 15),
    # dots
    ("Nasty/trailing dot.", 16),
    ("Nasty/trailing dots...", 17),
    ("Nasty/folder with dot./inside.txt", 18),
    ("Nasty/.hidden", 19),
    ("Nasty/... three dots first", 20),
    ("Nasty/..%2f..%2fetc%2fpasswd", 21),
    ("Nasty/..%5c..%5cwindows", 22),
    ("Nasty/~user.txt", 23),
    ("Nasty/-rf", 24),
    ("Nasty/--help", 25),
    # signs that shells, URLs and spreadsheets read
    ("Nasty/100%25 sure.txt", 26),
    ("Nasty/hash#and&ampersand=1+1;semi,comma.txt", 27),
    ("Nasty/$(reboot) `id` {{ 7*7 }}.txt", 28),
    ("Nasty/'quote' and ''two''.txt", 29),
    ("Nasty/=cmd()!A1.csv", 30),
    ("Nasty/[bracket] (round) {curly} @at ^caret !.txt", 31),
    # control and invisible characters
    ("Nasty/bell\x07.txt", 32),
    ("Nasty/line\nbreak.txt", 33),
    ("Nasty/carriage\rreturn.txt", 34),
    ("Nasty/tab\tstop.txt", 35),
    ("Nasty/delete\x7f.txt", 36),
    ("Nasty/next\x85line.txt", 37),
    ("Nasty/escape\x1b[31mred.txt", 38),
    ("Nasty/right-to-left \u202etxt.exe", 39),
    ("Nasty/zero\u200bwidth.txt", 40),
    ("Nasty/\ufeffbyte order mark.txt", 41),
    ("Nasty/non\u00a0breaking\u2028separator.txt", 42),
    # one name for a careless program, two for the service
    ("Nasty/caf\u00e9.txt", 43),
    ("Nasty/cafe\u0301.txt", 44),
    ("Nasty/stra\u00dfe.txt", 45),
    ("Nasty/strasse.txt", 46),
    ("Nasty/\u0130stanbul.txt", 47),
    ("Nasty/i\u0307stanbul.txt", 48),
    # the same name in folders that differ only in case further up
    ("Nasty/Case/Plan.txt", 49),
    ("Nasty/Case sub/plan.TXT", 50),
    ("Nasty/Case sub/CASE/PLAN.txt", 51),
    # emoji, one character and many
    ("Nasty/\U0001f600.txt", 52),
    ("Nasty/\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 family.txt", 53),
    ("Nasty/\u65e5\u672c\u8a9e\u306e\u30d5\u30a1\u30a4\u30eb.txt", 54),
    # nothing in it
    ("Nasty/empty.txt", 0),
    ("Nasty/empty folder", None),
)

#: a name of 255 characters, the most that the service takes
LONGEST = "long name " + "x" * 241 + ".txt"


def long_path(left: int) -> str:
    """A path that is exactly so many characters long: as long as the service allows.

    Args:
        left: characters that the library's own address leaves.
    """
    path = "Nasty"
    while left - len(path) > 130:
        path += "/" + "deep " + "d" * 95
    return path + "/" + "f" * (left - len(path) - 5) + ".txt"
