/* SPDX-License-Identifier: MIT */
/* Google Benchmark behind gbench.h. */
#include "gbench.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <exception>

namespace
{

benchmark::State &of(const struct bench_state *state)
{
    return *static_cast<benchmark::State *>(state->impl);
}

void add(const struct bench_case &one)
{
    const auto run = one.run;
    const void *const arg = one.arg;
    auto *const made = benchmark::RegisterBenchmark(one.name, [run, arg](benchmark::State &impl) {
        struct bench_state state = {&impl, 0};

        run(&state, arg);
    });

    if (one.threads != 0)
        made->Threads(static_cast<int>(one.threads));
    if (one.iterations != 0)
        made->Iterations(static_cast<benchmark::IterationCount>(one.iterations));
    if (one.wall_clock)
        made->UseRealTime();
}

/* C callers cannot catch: whatever goes wrong in the library becomes the case's error. */
template <typename F> void contained(struct bench_state *state, F &&call) noexcept
{
    try {
        call(of(state));
    } catch (const std::exception &error) {
        of(state).SkipWithError(error.what());
    }
}

} // namespace

bool bench_batch(struct bench_state *state, uint64_t n)
{
    bool more = false;

    contained(state, [n, &more](benchmark::State &impl) {
        more = impl.KeepRunningBatch(static_cast<benchmark::IterationCount>(n));
    });
    return more;
}

uint32_t bench_thread(const struct bench_state *state)
{
    return static_cast<uint32_t>(of(state).thread_index());
}

uint32_t bench_threads(const struct bench_state *state)
{
    return static_cast<uint32_t>(of(state).threads());
}

void bench_items(struct bench_state *state, uint64_t n)
{
    contained(state, [n](benchmark::State &impl) {
        impl.SetItemsProcessed(impl.iterations() * static_cast<int64_t>(n));
    });
}

void bench_counter(struct bench_state *state, const char *name, double value)
{
    contained(state, [=](benchmark::State &impl) { impl.counters[name] = value; });
}

void bench_label(struct bench_state *state, const char *text)
{
    contained(state, [text](benchmark::State &impl) { impl.SetLabel(text); });
}

void bench_skip(struct bench_state *state, const char *why)
{
    state->left = 0;
    contained(state, [why](benchmark::State &impl) { impl.SkipWithError(why); });
}

void bench_context(const char *key, const char *value)
{
    try {
        benchmark::AddCustomContext(key, value);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "bench: context %s: %s\n", key, error.what());
    }
}

int bench_main(int argc, char **argv, const struct bench_case *cases, size_t n)
{
    try {
        benchmark::Initialize(&argc, argv);
        if (benchmark::ReportUnrecognizedArguments(argc, argv))
            return 1;
        for (size_t i = 0; i < n; i++)
            add(cases[i]);
        const size_t ran = benchmark::RunSpecifiedBenchmarks();
        benchmark::Shutdown();
        return ran == 0 ? 1 : 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "bench: %s\n", error.what());
        return 1;
    }
}
