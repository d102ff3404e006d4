// The batch engine's loop around a model. batch.py writes, in front of this text, what it takes from the manifest:
//   Model, kHandshake, kReset, kLatency, kInterval, kMultiple, kOutputs[], names of the handshake ports, and
//   set_clock, set_other (a second clock, kMultiple times as fast; 0: there is none), set_reset, set_valid, set_ready, ready, valid, drive (a beat's fields -> ports), sample (ports -> fields).
// A cycle is: inputs change and the clock falls, evaluate, look at the outputs, the clock rises, evaluate.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

struct Report {
    uint64_t cycles;   // from the first cycle after reset to the one that delivers the last beat
    int64_t latency;   // from the cycle that takes the beat that completes the first output to the one that delivers it
    char message[256]; // what went wrong
};

struct Stalls {
    uint64_t state;  // xorshift64*, never 0
    uint32_t in, out;  // probabilities times 2^32

    uint64_t draw() {
        state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
        return state * 0x2545F4914F6CDD1DULL;
    }
    bool at(uint32_t threshold) { return uint32_t(draw() >> 32) < threshold; }
};

// One beat of the output stream, to compare.
struct Beat {
    std::vector<uint64_t> values;
    std::vector<uint64_t*> fields;

    Beat() {
        size_t total = 0;
        for (size_t count : kOutputs) total += count;
        values.resize(total);
        uint64_t* at = values.data();
        for (size_t count : kOutputs) fields.push_back(at), at += count;
    }
    void take(Model& m) { sample(m, fields.data(), 0); }
};

[[noreturn]] void broken(const std::string& rule, uint64_t cycle, uint64_t beat) {
    throw std::runtime_error(rule + " (cycle " + std::to_string(cycle) + ", beat " + std::to_string(beat) + ")");
}

struct Bench {
    VerilatedContext context;
    std::unique_ptr<Model> model;

    // A second clock: whether one of its edges is one of the first; with drift, its edges come at random.
    uint64_t phase;
    bool together, drift;

    Bench(uint64_t seed, bool drifts) : phase((seed + 1) * 0x9E3779B97F4A7C15ULL | 1), drift(drifts) {
        together = draw() & 1;
        context.threads(1);
        // What reset and initial values leave open starts at random, so that nothing can lean on a simulator's zeros.
        context.randReset(2);
        context.randSeed(int(seed % 0x7FFFFFFF) + 1);
        model = std::make_unique<Model>(&context);
        Model& m = *model;
        set_clock(m, 0), set_other(m, 0), set_reset(m, 0), set_valid(m, 0), set_ready(m, 0);
        m.eval();
        if (!kReset) return;
        set_reset(m, 1);  // an edge of its own, with the clock low: what an asynchronous reset acts on
        m.eval();
        for (int cycle = 0; cycle < 4; ++cycle) rise(), fall();
        set_reset(m, 0);
    }
    uint64_t draw() {
        phase ^= phase >> 12, phase ^= phase << 25, phase ^= phase >> 27;
        return (phase * 0x2545F4914F6CDD1DULL) >> 32;
    }
    void rise() {
        set_clock(*model, 1);
        if (kMultiple && together) set_other(*model, 1);
        model->eval();
        if (kMultiple && together) set_other(*model, 0), model->eval();
    }
    void fall() {
        set_clock(*model, 0), model->eval();
        if (!kMultiple) return;
        if (drift) together = draw() & 1;
        // Without drift the second clock is exact; with it, half to one and a half times as fast.
        const uint64_t ticks = drift ? kMultiple / 2 + draw() % (kMultiple + 1) : kMultiple - together;
        for (uint64_t tick = 0; tick < ticks; ++tick) {
            set_other(*model, 1), model->eval();
            set_other(*model, 0), model->eval();
        }
    }
};

void run_bare(Bench& bench, const uint64_t* const* in, uint64_t* const* out, uint64_t beats, Report& report) {
    Model& m = *bench.model;
    uint64_t sent = 0, got = 0, cycle = 0;
    for (; got < beats; ++cycle) {
        if (cycle == sent * kInterval && sent < beats) drive(m, in, sent++);
        bench.fall();
        if (cycle == got * kInterval + kLatency) sample(m, out, got++);
        bench.rise();
    }
    report.cycles = cycle;
    report.latency = kLatency;
}

// `ends` says which beat taken completes each beat delivered; null where each beat gives one.
template <bool kStalls>
void run_stream(Bench& bench, const uint64_t* const* in, uint64_t* const* out, const uint64_t* ends, uint64_t beats,
                uint64_t results, Stalls stalls, uint64_t patience, Report& report) {
    Model& m = *bench.model;
    Beat shown, again, held;
    bool sending = false, holding = false;
    uint64_t sent = 0, got = 0, cycle = 0, first = 0, idle = 0, tail = 0;
    // After the last beat the unit is watched for as long as beats took to come through: nothing may follow.
    for (; got < results || sent < beats || tail > 0; ++cycle) {
        if (!sending) {
            sending = sent < beats && !(kStalls && stalls.at(stalls.in));
            if (sending) drive(m, in, sent);
            else if (kStalls) drive(m, in, stalls.draw() % beats);  // without valid the payload means nothing
            set_valid(m, sending);
        }
        const bool taking = !(kStalls && stalls.at(stalls.out));
        set_ready(m, taking && !kStalls);
        bench.fall();
        bool offered = valid(m);
        if (kStalls) {
            if (offered) shown.take(m);
            if (holding && !offered) broken(std::string(kOutValid) + " must stay high until the beat is taken", cycle, got);
            if (holding && shown.values != held.values)
                broken(std::string("payload of ") + kOutName + " must not change until the beat is taken", cycle, got);
            if (taking) {
                set_ready(m, 1);
                m.eval();
                if (offered) again.take(m);
                if (valid(m) != offered || (offered && again.values != shown.values))
                    broken(std::string(kOutValid) + " and payload must not depend on " + kOutReady, cycle, got);
            }
            holding = offered && !taking;
            if (holding) held.values = shown.values;
        }
        const bool taken = sending && ready(m);
        const bool given = offered && taking;
        if (taken && sent++ == (ends ? ends[0] : 0)) first = cycle;
        if (given) {
            if (got >= results || (ends ? ends[got] : got) >= sent)
                broken(std::string(kOutName) + " must deliver one beat for each " +
                       (ends ? "that is completed" : "beat taken") + ", not more", cycle, got);
            sample(m, out, got);
            if (got++ == 0) report.latency = int64_t(cycle - first);
            if (got == results) report.cycles = cycle + 1, tail = std::min<uint64_t>(2 * report.latency + 16, patience);
        } else if (tail > 0) {
            --tail;
        }
        bench.rise();
        if (taken) sending = false;
        if (taken || given) idle = 0;
        else if (++idle > patience && (got < results || sent < beats))
            broken("unit must move a beat within " + std::to_string(patience) + " cycles, not stand still with " +
                   std::to_string(sent) + " beats taken and " + std::to_string(got) + " delivered", cycle, got);
    }
}

}  // namespace

// Returns 0, or 1 with a message. `in` and `out` are one row-major array per field.
NERVURE_EXPORT int nervure_run(const uint64_t* const* in, uint64_t* const* out, const uint64_t* ends, uint64_t beats,
                               uint64_t results, double stall_in, double stall_out, uint64_t seed, uint64_t patience,
                               Report* report) {
    *report = Report{};
    report->latency = -1;
    try {
        Bench bench(seed, stall_in > 0 || stall_out > 0);
        const Stalls stalls{seed * 0x9E3779B97F4A7C15ULL | 1, uint32_t(stall_in * 4294967296.0),
                            uint32_t(stall_out * 4294967296.0)};
        if constexpr (!kHandshake) run_bare(bench, in, out, beats, *report);
        else if (stall_in > 0 || stall_out > 0)
            run_stream<true>(bench, in, out, ends, beats, results, stalls, patience, *report);
        else run_stream<false>(bench, in, out, ends, beats, results, stalls, patience, *report);
        return 0;
    } catch (const std::exception& error) {
        std::snprintf(report->message, sizeof report->message, "%s", error.what());
        return 1;
    }
}

// The yardstick: set the inputs, evaluate twice, nothing else. `window` beats are used again and again.
NERVURE_EXPORT void nervure_raw_loop(const uint64_t* const* in, uint64_t window, uint64_t cycles) {
    Bench bench(1, false);
    Model& m = *bench.model;
    set_valid(m, 1), set_ready(m, 1);
    for (uint64_t cycle = 0, beat = 0; cycle < cycles; ++cycle) {
        drive(m, in, beat);
        if (++beat == window) beat = 0;
        set_clock(m, 0);
        m.eval();
        set_clock(m, 1);
        m.eval();
    }
}
