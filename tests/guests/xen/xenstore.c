/* SPDX-License-Identifier: MIT */
/* Messages to xenstored and back, by polling: no event has to reach the guest. */

#include "xenstore.h"

#include "clock.h"
#include "exit.h"
#include "hypercall.h"
#include "mem.h"
#include "pages.h"

#define RING_BYTES 1024u
#define MOST_BYTES 256u /* of a payload that is looked at; the rest of a longer one is dropped */

enum message_type {
    MESSAGE_READ = 2,
    MESSAGE_WATCH = 4,
    MESSAGE_WRITE = 11,
    MESSAGE_EVENT = 15,
    MESSAGE_ERROR = 16
};

struct store_ring {
    char req[RING_BYTES];
    char rsp[RING_BYTES];
    uint32_t req_cons; /* xenstored's */
    uint32_t req_prod;
    uint32_t rsp_cons;
    uint32_t rsp_prod; /* xenstored's */
};

struct header {
    uint32_t type;
    uint32_t request;
    uint32_t transaction;
    uint32_t length;
};

struct message {
    struct header header;
    char payload[MOST_BYTES]; /* ends with a zero */
};

_Static_assert(offsetof(struct store_ring, rsp_prod) == 2060, "xenstore_domain_interface");
_Static_assert(sizeof(struct header) == 16, "xsd_sockmsg");

static const struct start_info *info;
static void (*on_event)(const char *path);

static struct store_ring *ring(void)
{
    return page_of_mfn(info->store_mfn);
}

static void notify(void)
{
    const struct evtchn_send send = {.port = (uint32_t)info->store_evtchn};

    (void)xen_event_channel_op(EVTCHNOP_send, &send);
}

static void send(const void *data, uint32_t length)
{
    struct wait wait = clock_begin_wait("xenstored reads nothing", length);
    struct store_ring *to = ring();

    for (uint32_t i = 0; i < length; i++) {
        while (to->req_prod - __atomic_load_n(&to->req_cons, __ATOMIC_ACQUIRE) == RING_BYTES) {
            notify();
            clock_wait(&wait);
        }
        to->req[to->req_prod % RING_BYTES] = ((const char *)data)[i];
        __atomic_store_n(&to->req_prod, to->req_prod + 1, __ATOMIC_RELEASE);
    }
}

static bool has_answer(void)
{
    const struct store_ring *from = ring();

    return __atomic_load_n(&from->rsp_prod, __ATOMIC_ACQUIRE) != from->rsp_cons;
}

static char receive_byte(struct wait *wait)
{
    struct store_ring *from = ring();

    while (!has_answer())
        clock_wait(wait);
    const char byte = from->rsp[from->rsp_cons % RING_BYTES];
    __atomic_store_n(&from->rsp_cons, from->rsp_cons + 1, __ATOMIC_RELEASE);
    return byte;
}

static void receive(struct message *message)
{
    struct wait wait = clock_begin_wait("xenstored says nothing", 0);

    for (uint32_t i = 0; i < sizeof(message->header); i++)
        ((char *)&message->header)[i] = receive_byte(&wait);
    memset(message->payload, 0, sizeof(message->payload));
    for (uint32_t i = 0; i < message->header.length; i++) {
        const char byte = receive_byte(&wait);
        if (i < MOST_BYTES - 1)
            message->payload[i] = byte;
    }
    notify(); /* there is room again */
}

static uint32_t length_of(const char *text)
{
    uint32_t n = 0;

    while (text[n] != '\0')
        n++;
    return n;
}

/* Both texts with a zero behind them, but for a value to write. */
static void ask(enum message_type type, const char *path, const char *second, uint32_t length,
                struct message *answer)
{
    static uint32_t request;
    const uint32_t path_length = length_of(path) + 1;
    const struct header header = {
        .type = type, .request = ++request, .length = path_length + length};

    send(&header, sizeof(header));
    send(path, path_length);
    send(second, length);
    notify();
    for (;;) {
        receive(answer);
        if (answer->header.type != MESSAGE_EVENT)
            break;
        on_event(answer->payload);
    }
    if (answer->header.request != request)
        guest_fatal("xenstored answers another question", answer->header.request);
}

void xenstore_init(const struct start_info *start, void (*called)(const char *path))
{
    info = start;
    on_event = called;
}

bool xenstore_read(const char *path, char *value, uint32_t size)
{
    struct message answer;

    ask(MESSAGE_READ, path, NULL, 0, &answer);
    if (answer.header.type == MESSAGE_ERROR || answer.header.length >= size ||
        answer.header.length >= MOST_BYTES)
        return false;
    memcpy(value, answer.payload, answer.header.length + 1);
    return true;
}

static void demand(enum message_type type, const char *path, const char *second, uint32_t length)
{
    struct message answer;

    ask(type, path, second, length, &answer);
    if (answer.header.type == MESSAGE_ERROR)
        guest_fatal(path, type);
}

void xenstore_write(const char *path, const char *value)
{
    demand(MESSAGE_WRITE, path, value, length_of(value));
}

void xenstore_watch(const char *path)
{
    demand(MESSAGE_WATCH, path, path, length_of(path) + 1);
}

void xenstore_poll(void)
{
    struct message message;

    while (has_answer()) {
        receive(&message);
        if (message.header.type != MESSAGE_EVENT)
            guest_fatal("xenstored answers nobody", message.header.type);
        on_event(message.payload);
    }
}
