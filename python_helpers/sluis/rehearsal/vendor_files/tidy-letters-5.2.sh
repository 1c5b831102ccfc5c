#!/bin/sh
# The vendor's installer of 5.2 "tidies" the letters: it keeps only their first lines,
# and throws last year's away. $1 is the folder with the documents.
set -eu
cd "$1"
find brieven/2025 -type f -exec rm {} +
find brieven/2026 -type f -name '*.txt' | while IFS= read -r letter; do
    head -c 100 "$letter" >"$letter.tidy"
    mv "$letter.tidy" "$letter"
done
