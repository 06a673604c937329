#!/usr/bin/env python3
"""The transcript runner itself: what it lets pass and what it must not."""

import os
import subprocess
import sys
import tempfile
import unittest

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run")
BLOCK = "# A document\n\n```console\n{}\n```\n"


class Transcripts(unittest.TestCase):
    def execute(self, document):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "README.md")
            with open(path, "w", encoding="utf-8") as file:
                file.write(document)
            return subprocess.run(
                [sys.executable, "-B", RUN, path], capture_output=True, text=True, check=False
            )

    def passes(self, transcript):
        result = self.execute(BLOCK.format(transcript))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def fails(self, transcript, expected):
        result = self.execute(BLOCK.format(transcript))
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(expected, result.stdout)

    def test_what_is_written_and_printed_alike_passes(self):
        self.passes("$ echo one\none\n$ printf 'two\\nthree\\n'\ntwo\nthree")

    def test_another_output_fails_with_the_difference(self):
        self.fails("$ echo one\ntwo", "-two\n+one")

    def test_a_line_too_many_or_too_few_fails(self):
        self.fails("$ printf 'a\\nb\\n'\na", "+b")
        self.fails("$ echo a\na\nb", "-b")

    def test_the_standard_error_counts_as_output(self):
        self.passes("$ echo one >&2\none")

    def test_a_command_that_fails_fails_the_document(self):
        self.fails("$ false", "exit 1")

    def test_a_failure_that_is_asked_for_passes_with_its_status(self):
        self.passes("$ (exit 3)\n$ echo $?\n3")
        self.fails("$ (exit 3)\n$ echo $?\n4", "-4\n+3")

    def test_the_shell_goes_on_from_block_to_block(self):
        document = BLOCK.format("$ mkdir a && cd a && b=c") + BLOCK.format('$ basename "$PWD$b"\nac')
        self.assertEqual(self.execute(document).returncode, 0)

    def test_a_command_goes_on_over_lines(self):
        self.passes("$ cat <<TEXT\n> one\n>\n> TEXT\none")
        self.passes("$ for a in 1 2; do\n>   echo $a\n> done\n1\n2")

    def test_a_command_that_reads_finds_nothing_to_read(self):
        self.passes("$ cat\n$ echo on\non")

    def test_times_sizes_ids_and_widths_are_masked(self):
        self.passes("$ echo 'ready in 0.31 s, 12 MiB, pid 77'\nready in 214 ms,   9.5 KiB, pid 4113")
        self.passes("$ echo 4bf92f3577b34da6a3ce929d0e0e4736\n00f067aa0ba902b700f067aa0ba902b7")
        self.passes("$ echo at 12:00:01 7218832319238841\nat 09:13:59 993212399123881")

    def test_words_and_plain_numbers_are_not_masked(self):
        self.fails("$ echo 3 services\n4 services", "-4 services\n+3 services")
        self.fails("$ echo accede\ndefaced", "-defaced")

    def test_dots_stand_for_any_lines(self):
        self.passes("$ seq 9\n1\n…\n8\n9")
        self.passes("$ true\n…")
        self.fails("$ seq 9\n1\n…\n8", "+9")

    def test_other_blocks_are_left_alone(self):
        other = "```sh\n$ false\n```\n"
        self.assertEqual(self.execute(other + BLOCK.format("$ true")).returncode, 0)

    def test_a_document_without_a_transcript_fails(self):
        result = self.execute("```sh\n$ true\n```\n")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no ```console block", result.stdout)

    def test_the_node_has_a_folder_of_its_own(self):
        self.passes('$ test -n "$MU_DIR" && test ! -e "$MU_DIR"')


if __name__ == "__main__":
    unittest.main()
