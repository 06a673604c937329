/* reader.h - whoever reads this program's output, as in `mu logs -f | head -1`. */
#pragma once

/* From now on the program ends, as a write to nobody would end it (SIGPIPE), as soon as nobody
 * reads its output any more, even if it has nothing to write. For commands that go on for long. */
void reader_watch(void);
