// The activity engine's loop. activity.py writes, in front of this text, the ports of the unit (batch.ports_source) and
//   kWords, kBuckets, kBucketEnd[] (words up to the end of each bucket).
// Inputs change while the clock is low; the nets are looked at once a cycle, settled, before the clock rises; with a
// second clock, before each of its edges.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

// One machine instruction where the processor has it; the choice is made when the library is loaded.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__)
#define NERVURE_POPCOUNT __attribute__((target_clones("popcnt", "default")))
#else
#define NERVURE_POPCOUNT
#endif

struct Counts {
    uint64_t cycles;        // from the first after reset to the one that delivers the last beat
    uint64_t idle;          // in which no beat was taken
    uint64_t quiet;         // in which no counted net changed
    uint64_t stalled_in;    // in which a beat was offered and not taken
    uint64_t stalled_out;   // in which a result was offered and not taken
    uint64_t delivered;
    char message[256];
};

namespace {

using Word = uint64_t;

NERVURE_POPCOUNT bool count_toggles(const Word* now, Word* before, uint64_t* toggles) {
    uint64_t any = 0;
    size_t word = 0;
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
        uint64_t number = 0;
        for (; word < kBucketEnd[bucket]; ++word) {
            number += uint64_t(__builtin_popcountll(now[word] ^ before[word]));
            before[word] = now[word];
        }
        toggles[bucket] += number;
        any |= number;
    }
    return any != 0;
}

struct Random {
    uint64_t state;
    bool below(double probability) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        return double(state >> 11) * 0x1p-53 < probability;
    }
};

struct Run {
    VerilatedContext context;
    std::unique_ptr<Model> model;
    std::vector<Word> before = std::vector<Word>(kWords);

    // Reset, then rest: what is counted starts from a unit whose inputs were all zero until nothing moved.
    Run() {
        context.threads(1);
        context.randReset(0);
        model = std::make_unique<Model>(&context);
        Model& m = *model;
        set_clock(m, 0), set_other(m, 0), set_reset(m, 0), set_valid(m, 0), set_ready(m, 0);
        m.eval();
        set_reset(m, 1);
        for (uint64_t cycle = 0; cycle < 64 + kLatency; ++cycle) {
            if (cycle == 8) set_reset(m, 0);
            fall(), rise(), between();
        }
        fall();
        count_toggles(words(), before.data(), std::vector<uint64_t>(kBuckets).data());
    }
    // A second clock rises with the first, and evenly between: kMultiple times as fast.
    void rise() { set_clock(*model, 1), set_other(*model, kMultiple > 0), model->eval(); }
    template <typename Look> bool between(Look look) {
        bool moved = false;
        for (unsigned tick = 0; tick < kMultiple; ++tick) {
            if (tick) moved |= look(), set_other(*model, 1), model->eval();
            set_other(*model, 0), model->eval();
        }
        return moved;
    }
    void between() { between([] { return false; }); }
    void fall() { set_clock(*model, 0), model->eval(); }
    const Word* words() { return &model->nervure_probe[0]; }
};

}  // namespace

// Returns 0, or 1 with a message. `in` is one row-major array per field, `toggles` one number per bucket.
// `results` is how many beats come out; their fields go to `out` if it is not null.
NERVURE_EXPORT int nervure_activity(const uint64_t* const* in, uint64_t* const* out, uint64_t beats, uint64_t results, double stall_in,
                                    double stall_out, uint64_t seed, uint64_t patience, uint64_t* toggles,
                                    Counts* counts) {
    *counts = Counts{};
    std::fill(toggles, toggles + kBuckets, 0);
    try {
        Run run;
        Model& m = *run.model;
        Random random{seed * 0x9E3779B97F4A7C15ULL | 1};
        for (int k = 0; k < 8; ++k) random.below(0);  // neighbouring seeds part
        uint64_t sent = 0, still = 0;
        bool sending = false;
        for (uint64_t cycle = 0; counts->delivered < results || sent < beats; ++cycle) {
            bool taken, taking = true;
            if (kHandshake) {
                if (!sending && sent < beats && !random.below(stall_in)) drive(m, in, sent), sending = true;
                taking = !random.below(stall_out);
                set_valid(m, sending), set_ready(m, taking);
            } else if ((sending = sent < beats && cycle == sent * kInterval)) {
                drive(m, in, sent);
            }
            run.fall();
            taken = sending && ready(m);
            const bool offered = kHandshake ? valid(m) : cycle == counts->delivered * kInterval + kLatency;
            const bool given = offered && taking;
            if (given && out) sample(m, out, counts->delivered);
            sent += taken, counts->delivered += given;
            counts->idle += !taken;
            counts->stalled_in += sending && !taken;
            counts->stalled_out += offered && !taking;
            auto look = [&] { return count_toggles(run.words(), run.before.data(), toggles); };
            bool moved = look();
            counts->cycles = cycle + 1;
            run.rise();
            moved |= run.between(look);
            counts->quiet += !moved;
            if (taken) sending = false;
            still = taken || given ? 0 : still + 1;
            if (still > patience) throw std::runtime_error("unit must move a beat within " + std::to_string(patience) +
                    " cycles, not stand still with " + std::to_string(sent) + " beats taken and " +
                    std::to_string(counts->delivered) + " delivered");
        }
        return 0;
    } catch (const std::exception& error) {
        std::snprintf(counts->message, sizeof counts->message, "%s", error.what());
        return 1;
    }
}
