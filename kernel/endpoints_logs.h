/* kernel/endpoints_logs.h - node.Logs: what services wrote about a trace, page by page. */
#pragma once

struct inquiry;

void endpoints_logs(const struct inquiry *inquiry);
