/* kernel/notify.h - word to the service manager that started the node, where there is one
 * (sd_notify(3): datagrams to $NOTIFY_SOCKET). */
#pragma once

/* "READY=1", "STOPPING=1", "STATUS=…", several of them divided by newlines. */
void notify_send(const char *text);
