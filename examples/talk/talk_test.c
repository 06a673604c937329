// SPDX-License-Identifier: Apache-2.0
#include <expect.h>

#include "talk.mu.h"

enum { PATIENCE_MS = 10000 };

static void hears(struct mu_stream *stream, uint64_t number, const char *text, bool goodbye)
{
    Talk__V1__Echo *echo;

    expect(talk_chat_read(stream, PATIENCE_MS, &echo) == MU_STREAM_OK, text);
    expect(echo->number == number, "lines are numbered");
    expect(strcmp(echo->text, text) == 0, text);
    expect(echo->from[0] != '\0', "it knows who talks");
    expect((echo->goodbye != 0) == goodbye, "goodbye comes last");
    talk__v1__echo__free_unpacked(echo, NULL);
}

int main(void)
{
    struct mu_client *client = expect_client();
    char first[] = "Good morning.";
    char second[] = "Nice weather.";
    Talk__V1__Line line = TALK__V1__LINE__INIT;
    Talk__V1__Echo *nothing;
    struct mu_stream *stream;
    struct mu_status status;

    expect(talk_chat_open(client, NULL, &stream) == 0, "a stream opens");
    line.text = first;
    expect(talk_chat_write(stream, &line) == MU_STREAM_OK, "it listens");
    hears(stream, 1, first, false);
    line.text = second;
    expect(talk_chat_write(stream, &line) == MU_STREAM_OK, "it listens on");
    hears(stream, 2, second, false);
    mu_stream_end(stream);
    hears(stream, 2, "Goodbye!", true);
    expect(talk_chat_read(stream, PATIENCE_MS, &nothing) == MU_STREAM_ENDED, "then it is over");
    mu_stream_finish(stream, &status);
    expect_status(&status, MU_OK, "talk.Chat");
    mu_client_close(client);
    return EXIT_SUCCESS;
}
