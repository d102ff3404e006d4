// Moves fields between numpy arrays and a model's ports. batch.py writes the unit's own part behind this text.

#include <cstddef>
#include <cstdint>
#include <type_traits>

using Model = Vmodel;

// Fields are packed through 32-bit words, the form in which Verilator keeps ports of more than 64 bits.
template <class P> struct PortWords { static constexpr size_t count = 2, bits = 8 * sizeof(P); };
template <size_t N> struct PortWords<VlWide<N>> { static constexpr size_t count = N, bits = 32 * N; };
template <class P> inline void put_port(P& port, const uint32_t* w) { port = P(w[0] | uint64_t(w[1]) << 32); }
template <size_t N> inline void put_port(VlWide<N>& port, const uint32_t* w) {
    for (size_t k = 0; k < N; ++k) port[k] = w[k];
}
template <class P> inline void get_port(const P& port, uint32_t* w) {
    w[0] = uint32_t(port), w[1] = uint32_t(uint64_t(port) >> 32);
}
template <size_t N> inline void get_port(const VlWide<N>& port, uint32_t* w) {
    for (size_t k = 0; k < N; ++k) w[k] = port[k];
}

// Bits at..at+width-1, width at most 64; the words are zero before.
inline void put_bits(uint32_t* w, size_t at, size_t width, uint64_t value) {
    const size_t word = at / 32, shift = at % 32;
    w[word] |= uint32_t(value << shift);
    if (shift + width > 32) w[word + 1] |= uint32_t(value >> (32 - shift));
    if (shift + width > 64) w[word + 2] |= uint32_t(value >> (64 - shift));
}

inline uint64_t get_bits(const uint32_t* w, size_t at, size_t width) {
    const size_t word = at / 32, shift = at % 32;
    uint64_t value = w[word] >> shift;
    if (shift + width > 32) value |= uint64_t(w[word + 1]) << (32 - shift);
    if (shift + width > 64) value |= uint64_t(w[word + 2]) << (64 - shift);
    return width < 64 ? value & ((uint64_t(1) << width) - 1) : value;
}
