#!/usr/bin/env python3
"""Breaks lines of the kernels one at a time and asks the spec matrix whether it notices.

    mutants.py build OUT [--level avx2] [--only TEXT,…] one library for each mutant, and OUT/list.tsv
    mutants.py build OUT --level cuda [--only TEXT,…]   the same of the CUDA sources, emulated
    mutants.py report OUT                               survivors, from what the tests wrote

In between, from the folder kernels, the matrix runs on each library:

    mvn -o -pl kernels -am test -Dtest=MutantsTest -Dsurefire.failIfNoSpecifiedTests=false \
        -Dnacelle.kernels.mutants=OUT

A mutant is a file, a text that stands in it, what takes its place, and the operators whose matrix must
notice, or tests by their class (cpu.ProductsTest) where no operator shows the line; where a fifth field stands, it says
why none can, and a sixth the one level that compiles the line. A text that does not stand in its file exactly once is
an error: change it with the kernel.
"""

import collections
import pathlib
import subprocess
import sys

Mutant = collections.namedtuple("Mutant", "file old new operators why level", defaults=("", ""))

NATIVE = pathlib.Path(__file__).resolve().parents[1].parent / "main" / "native"

FLAGS = {
    "generic": [],
    "avx2": ["-mavx2", "-mfma", "-mf16c"],
    "avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma", "-mf16c"],
}

N = "neuron/neuron_math.h"
NC = "neuron/neuron.c"
A = "attention/attention.h"
F = "attention/forward.c"
B = "attention/backward.c"
G = "geglu/geglu_math.h"
Q = "quantize_activation/quantize_activation"
QS = "quantize_activation/activation_simd.h"
D = "dora_linear/dora_linear.c"
H = "hydra_linear/hydra_linear.c"
HM = "hydra_linear/hydra_linear_math.h"
M = "gemm/micro.c"
P = "gemm/pack.c"
GEMM = "gemm/gemm.c"
FEW = "gemm/few.c"
V = "common/nk_simd.h"
BS = "blocks/blocks_simd.h"
QL = "quantized_linear/quantized_linear.c"

MUTANTS = [
    # Spiking: charge, fire, reset, adaptation, surrogates, the chain.
    (NC, "const float *h = trace.h + t * run;", "const float *h = trace.h + t * NK_RUN;", "lif"),
    (NC, "const float *b = trace.b + t * run;", "const float *b = trace.b + t * NK_RUN;", "alif"),
    (N, "v - nk_neuron_leak(p, multiply, above) + x", "v + nk_neuron_leak(p, multiply, above) + x", "lif"),
    (N, "float above = v - p->v_reset;", "float above = v;", "lif"),
    (N, "return p->v_threshold + p->beta * b;", "return p->v_threshold - p->beta * b;", "alif"),
    (N, "p->strict ? h > threshold : h >= threshold", "h > threshold", "lif"),
    (N, "p->strict ? h > threshold : h >= threshold", "h >= threshold", "lif"),
    (N, "soft ? h - s * threshold", "soft ? h - s", "lif"),
    (N, "(1.0f - s) * h + s * p->v_reset", "(1.0f - s) * h", "lif"),
    (N, "p->rho * b + (1.0f - p->rho) * s", "p->rho * b + s", "alif"),
    (N, "return 0.5f * a / (1.0f + z * z);", "return 0.5f * a / (1.0f + z);", "lif"),
    (N, "return a * e / ((1.0f + e) * (1.0f + e));", "return e / ((1.0f + e) * (1.0f + e));", "lif"),
    (N, "<= 1.0f / a ? 0.5f * a", "<= 1.0f / a ? a", "lif"),
    (N, "nk_exp(-z * z)", "nk_exp(-z)", "lif"),
    (NC, "if (adaptive) ds += (1.0f - p->rho) * db[i];", "", "alif"),
    (NC, "if (!detach) ds +=", "ds +=", "lif"),
    (NC, "nk_surrogate_atan(p->alpha, h[i] - threshold[i])", "nk_surrogate_atan(p->alpha, h[i])", "lif"),
    (NC, "float lift = soft ? -through - dv[i] * s : -through;", "float lift = -through;", "alif"),
    (NC, "db[i] = p->rho * db[i] + p->beta * lift;", "db[i] = p->rho * db[i];", "alif"),
    (NC, "dv[i] * (1.0f - s));\n    float lift", "dv[i]);\n    float lift", "lif"),
    ("leaky_integrate/leaky_integrate.c", "dv[i] = g[i] + dv[i] * stay;", "dv[i] = g[i] + dv[i];", "leaky_integrate"),
    ("leaky_integrate/leaky_integrate.c", "to_x = decay_input ? inverse : 1.0f", "to_x = inverse", "leaky_integrate"),
    ("spike_pack/spike_pack.c", "(s[at + i] != 0.0f) << i", "(s[at + i] > 0.0f) << i", "spike_pack"),
    ("spike_pack/spike_pack.c", ">> ((from + i) % 32) & 1u", ">> ((from + i) % 31) & 1u", "spike_unpack"),
    ("spike_linear/spike_linear.c", "return w == columns / 32 ?", "return w == columns / 32 + 1 ?", "spike_linear",
     "unused bits are 0 by the operator's contract"),
    ("spike_linear/spike_linear.c", "total[i] += (double)g[i];", "total[i] = (double)g[i];", "spike_linear"),
    ("spike_linear/spike_linear.c", "nk_min(NK_W, outputs - part - m)", "nk_min(NK_W - 1, outputs - part - m)", "spike_linear"),
    ("spike_linear/spike_linear.c", "(part + m + i) * columns + from", "(part + i) * columns + from", "spike_linear"),
    ("spike_linear/spike_linear.c", "c < whole; c += NK_W", "c < whole - NK_W; c += NK_W", "spike_linear"),
    ("fourier_filter/spectrum.c", "im[i] = nk_fourier_gain_im(g[i], h[i], a, b);", "im[i] = nk_fourier_gain_im(g[i], -h[i], a, b);", "fourier_filter"),
    ("fourier_filter/spectrum.c", "to_re[i] += weight * nk_fourier", "to_re[i] += nk_fourier", "fourier_filter"),
    ("fourier_filter/spectrum.c", "im[i] = nk_fourier_grad_im(a, b, g[i], h[i]);", "im[i] = -nk_fourier_grad_im(a, b, g[i], h[i]);", "fourier_filter"),
    # Norm, rope, gated units.
    ("rms_norm/rms_norm_math.h", "sqrt(squares / columns + (double)eps)", "sqrt(squares / columns)", "rms_norm"),
    ("rms_norm/rms_norm_math.h", "rstd * nk_fma(-n, pull, g)", "rstd * nk_fma(n, pull, g)", "rms_norm"),
    ("rms_norm/rms_norm.c", "(double)grad_rstd * (double)r", "(double)grad_rstd", "rms_norm"),
    ("rope/rope.c", "two[i] = nk_fma(b[i], cosine[i], a[i] * sine[i]);", "two[i] = nk_fma(b[i], cosine[i], -(a[i] * sine[i]));", "rope"),
    ("rope/rope.c", "sine[j] = turn.sine * direction;", "sine[j] = turn.sine;", "rope"),
    ("rope/rope_math.h", "quarter >= 2.0f ? -second", "quarter > 2.0f ? -second", "rope"),
    ("swiglu/swiglu_math.h", "sigmoid * nk_fma(gate, 1.0f - sigmoid, 1.0f)", "sigmoid * nk_fma(gate, sigmoid, 1.0f)", "swiglu"),
    ("common/nk_gated.h", "row * up_stride + from, n);\n#pragma", "row * gate_stride + from, n);\n#pragma", "swiglu"),
    ("common/nk_gated.h", "row * up_stride + from, n);\n        const", "row * gate_stride + from, n);\n        const", "geglu"),
    (G, "nk_fma(3.0f * NK_GELU_CUBE * gate, gate, 1.0f)", "nk_fma(NK_GELU_CUBE * gate, gate, 1.0f)", "geglu"),
    (G, "e < 1.0f ? e * sigmoid : 1.0f - sigmoid", "1.0f - sigmoid * sigmoid", "geglu"),
    (G, "#define NK_GELU_CUBE 0.044715f", "#define NK_GELU_CUBE 0.044f", "geglu"),
    # Attention.
    (A, "seen->lows[i] - seen->key", "seen->lows[i] - seen->key + 1", "attention"),
    (A, "nk_min(seen->keys, seen->first + i + 1)", "nk_min(seen->keys, seen->first + i)", "attention"),
    (A, "softcap * nk_tanh(s[j] / softcap)", "softcap * nk_tanh(s[j])", "attention"),
    (A, "if (softcap != 0.0f) {\n#pragma omp simd\n    for (int64_t j = *begin; j < *end; j++) s[j] = softcap", "if (softcap > 1.0f) {\n#pragma omp simd\n    for (int64_t j = *begin; j < *end; j++) s[j] = softcap", "attention"),
    (F, "int64_t seen_end = f->causal ? position + n : end - start;", "int64_t seen_end = position + n;", "attention"),
    (F, "max[g * NK_TILE + i] + logf(sum)", "max[g * NK_TILE + i]", "attention"),
    (F, "key = lows ? lows[0] : 0;", "key = lows ? lows[0] + 1 : 0;", "attention"),
    (B, "slope[j] = nk_fma(-capped, capped, 1.0f);", "slope[j] = 1.0f;", "attention"),
    (B, "less = nk_v_set1(-dots[i])", "less = nk_v_set1(dots[i])", "attention"),
    (B, "return spread == NK_ALL ? 0 : nk_run_start(length, run, spread);", "return nk_run_start(length, run, spread);", "attention"),
    (B, "if (b->lows && b->lows[start + at] >= key + keys) break;", "if (b->lows && b->lows[start + at] >= key) break;", "attention"),
    (B, "sum[j] *= b->scale;", "sum[j] *= 1.0f;", "attention"),
    (B, "(size_t)(2 * NK_TILE * width)", "(size_t)(NK_TILE * width)", "attention"),
    (B, "run < nk_runs(length) && nk_run_query", "run + 1 < nk_runs(length) && nk_run_query", "attention"),
    (B, "for (int64_t at = b->causal ? key : 0;", "for (int64_t at = key;", "attention"),
    (F, "denominator[i] += nk_v_sum(sum);", "denominator[i] = nk_v_sum(sum);", "attention"),
    (F, "if (factor[i] != 1.0f) {", "if (factor[i] > 1.0f) {", "attention"),
    (A, "nk_max(0, j - seen->first) : 0;", "nk_max(0, j - seen->first + 1) : 0;", "attention"),
    (A, "for (int64_t j = *begin; j < from && j < *end; j++) s[j] = -INFINITY;", "", "attention"),
    # Head and loss.
    ("cross_entropy/cross_entropy_math.h", "return nk_fma(-t, t, 1.0f);", "return 1.0f;", "cross_entropy"),
    ("cross_entropy/cross_entropy.c", "sum[row] * (double)change + part", "sum[row] + part", "cross_entropy"),
    ("cross_entropy/cross_entropy.c", "to[at + i] * share - slope * w[i]", "to[at + i] * share - w[i]", "cross_entropy"),
    ("cross_entropy/cross_entropy.c", "target >= 0 && target < columns) wanted", "target > 0 && target < columns) wanted", "cross_entropy"),
    # Low-rank layers.
    (H, "to_hidden[r] = nk_fma(weight, g[r], to_hidden[r]);", "to_hidden[r] += g[r];", "hydra_linear"),
    (H, "if (!weighed) nk_hydra_softmax(own, heads);", "nk_hydra_softmax(own, heads);", "hydra_linear"),
    ("hydra_linear/hydra_linear_math.h", "omega[f], grad_omega[e] - grad_omega[f], sum", "omega[f], grad_omega[e], sum", "hydra_linear"),
    (H, "to_omega[e] += sum;", "to_omega[e] += weight * sum;", "hydra_linear"),
    (H, "memset(to_hidden, 0, (size_t)rank * sizeof(float));", "", "hydra_linear"),
    (D, "end = nk_min(rows, (chunk + 1) * chunk_rows);", "end = nk_min(rows, (chunk + 1) * chunk_rows - 1);", "dora_linear"),
    (D, "float factor = nk_dora_factor(magnitude[row], norms[row]);", "float factor = magnitude[row];", "dora_linear"),
    (D, "a_stride, tile + j, NK_DORA_RUN, scale,", "a_stride, tile + j, NK_DORA_RUN, 1.0f,", "dora_linear"),
    (D, "total / (double)norms[column]", "total", "dora_linear"),
    (D, "i < n; i++) to[i] *= factor;", "i < n; i++) to[i] *= 1.0f;", "dora_linear"),
    (D, "nk_dora_factor(magnitude[from + i],", "nk_dora_factor(magnitude[i],", "dora_linear"),
    (D, "first + NK_DORA_ROWS);", "first + NK_DORA_ROWS - 1);", "dora_linear"),
    ("dora_linear/dora_linear_math.h", "return magnitude / norm;", "return magnitude / (norm + 1e-3f);", "dora_linear"),
    ("elementwise/elementwise.c", "draw[i] >= bound ? b[i] * keep", "draw[i] >= bound ? b[i]", "lora_linear"),
    ("elementwise/elementwise.c", "i++) a[i] += b[i];", "i++) a[i] -= b[i];", "lora_linear"),
    ("elementwise/elementwise.c", "(uint64_t)offset + (uint64_t)from, (int32_t)count", "(uint64_t)from, (int32_t)count", "lora_linear"),
    ("elementwise/elementwise.c", "accumulate ? a[i] + kept : kept", "kept", "lora_linear"),
    ("common/nk_random.h", "nk_mix32(low ^ (unsigned int)key) + (unsigned int)(key >> 32)", "nk_mix32(low ^ (unsigned int)key)", "lora_linear"),
    ("common/nk_random.h", "draw[i] = nk_draw(key, base + (uint32_t)i);", "draw[i] = nk_draw(key, (uint32_t)i);", "lora_linear"),
    ("common/nk_random.h", "  h += (unsigned int)(key >> 32);\n", "", "quantize_activation"),
    ("common/nk_random.h", "words[i] = nk_draw_pair(key, base + (uint32_t)i);", "words[i] = nk_draw_pair(key, (uint32_t)i);", "quantize_activation"),
    # Blocks.
    ("blocks/blocks.c", "memcpy(to, whole + skipped, (size_t)part * 4);", "memcpy(to, whole, (size_t)part * 4);", "dequantize,quantized_linear"),
    ("blocks/blocks.c", "((first + i) / 64 + 1) * 64 - first", "((first + i) / 64 + 1) * 64", "dequantize"),
    ("quantized_linear/quantized_linear.c", "sum = nk_fma(x[r * k + t], w[t], sum);", "sum = nk_fma(x[t], w[t], sum);", "quantized_linear"),
    # Activations and optimiser.
    (Q + "_math.h", "(t + 12582912.0f) - 12582912.0f", "t", "quantize_activation"),
    (Q + "_math.h", "scale >= 0x1p-125f", "scale > 0.0f", "quantize_activation"),
    (Q + "_math.h", "q > steps ? steps : q < -steps ? -steps : q", "q", "quantize_activation",
     "a scale rounded down lets one draw in 100,000 past the last step"),
    (Q + ".c", "largest < 0x7f800000 ?", "largest <= 0x7f800000 ?", "quantize_activation"),
    (Q + ".c", "largest < 0x7f800000 ?", "largest != 0x7f800000 ?", "quantize_activation",
     "the bits of a block's NaN are a NaN already"),
    (Q + "_math.h", "(float)(draw | 1) * 0x1p-16f", "(float)(draw | 1) * 0x1p-17f", "quantize_activation"),
    (Q + ".c", "draws->words + odd;", "draws->words;", "quantize_activation"),
    (Q + ".c", "seed, number + from, count);", "seed, number, count);", "quantize_activation"),
    (Q + ".c", "two[i] | two[i] >> 4", "two[i] | two[i] >> 5", "quantize_activation"),
    (Q + ".c", "four[i] >> 12 |", "four[i] >> 13 |", "quantize_activation"),
    (QS, "_mm512_setr_epi32(0, 4, 8, 12,", "_mm512_setr_epi32(0, 4, 12, 8,", "quantize_activation", "", "avx512"),
    (QS, "_mm512_set1_epi16(bits == 4 ? 0x1001 : 0x0401)", "_mm512_set1_epi16(bits == 4 ? 0x1001 : 0x0801)", "quantize_activation", "", "avx512"),
    (QS, "_mm256_setr_epi32(0, 4, 1, 5, 0,", "_mm256_setr_epi32(0, 1, 4, 5, 0,", "quantize_activation", "", "avx2"),
    (QS, "_mm512_loadu_si512(x + i + 16)", "_mm512_loadu_si512(x + i)", "quantize_activation", "", "avx512"),
    (QS, "codes + i / 4, 4);", "codes + i / 2, 4);", "dequantize_activation", "", "avx512"),
    (QS, "_mm256_setr_epi32(0, 4, 1, 5, 2,", "_mm256_setr_epi32(0, 4, 5, 1, 2,", "quantize_activation", "", "avx2"),
    (QS, "_mm_shuffle_epi32(s, 0xb1)", "s", "quantize_activation", "", "avx2"),
    (QS, "codes + i / 4, 2);", "codes + i / 2, 2);", "dequantize_activation", "", "avx2"),
    (Q + ".c", "if (!(scale > 0.0f)) {", "if (scale == 0.0f) {", "quantize_activation"),
    (Q + ".c", "number = row * columns + begin;", "number = begin;", "quantize_activation"),
    (Q + ".c", "byte >> (j * bits) & mask, scale", "byte >> (j * bits), scale", "dequantize_activation"),
    (Q + ".c", "  memset(codes + n, steps + 1, (size_t)(from + block - n));\n", "", "quantize_activation"),
    (Q + ".c", "factors + whole, x + from, n - from, steps);", "factors + whole, x, n - from, steps);", "quantize_activation"),
    (Q + ".c", "draw + b * block, block, scales[b],", "draw, block, scales[b],", "quantize_activation"),
    (Q + ".c", "scales[b],\n                        factors[b], steps);", "scales[b],\n                        factors[0], steps);", "quantize_activation"),
    ("adamw/adamw_math.h", "nk_sqrt(v) / f.root + f.eps", "nk_sqrt(v) / f.root", "adamw"),
    ("adamw/adamw_math.h", "p * f.keep - f.step_size", "p - f.step_size", "adamw"),
    ("adamw/adamw_math.h", "f.weight1 < 0.5f ?", "f.weight1 < 2.0f ?", "adamw"),
    ("adamw/adamw_codes.h", "return k > top ? top : k;", "return k;", "adamw",
     "a scale rounded down lets one draw in 1,000,000 past the last code"),
    ("adamw/adamw_codes.h", "return k < 8 ? (float)k * unit.value : word.value;", "return word.value;", "adamw"),
    ("adamw/adamw.c", "m_unit = (m_largest + wild)", "m_unit = m_largest", "adamw",
     "codes under a scale that is NaN are any: EightBitAdamWTest holds the scales"),
    ("adamw/adamw.c", "(m[i] < 0.0f ? 128 - k : 128 + k)", "(128 + k)", "adamw"),
    ("adamw/adamw.c", "*v_scale = (float *)(uintptr_t)slot[5] + at / NK_RUN;", "*v_scale = (float *)(uintptr_t)slot[5];", "adamw"),
    ("adamw/adamw.c", "float first = nk_adamw_first(k < 0 ? -size : size, gg[i], f);", "float first = nk_adamw_first(size, gg[i], f);", "adamw"),
    ("adamw/adamw_codes.h", "int k = scaled < 8.0f ? small : large;", "int k = scaled < 4.0f ? small : large;", "adamw"),
    ("adamw/adamw.c", "nk_draw_run(draw, (int64_t)(seed + 1), (uint64_t)at, (int32_t)n);", "", "adamw",
     "another draw is another rounding, which the tolerance of one code allows"),
    ("clip_grad_norm/clip_grad_norm_math.h", "return factor > 1.0 ? 1.0 : factor;", "return factor;", "clip_grad_norm"),
    ("sum_of_squares/sum_of_squares.c", "end = nk_min(n, (block + 1) * NK_SQUARES_BLOCK)", "end = nk_min(n, (block + 1) * NK_SQUARES_BLOCK - 1)", "sum_of_squares"),
    ("sum_of_squares/sum_of_squares_math.h", "return 2.0f * x * grad_sum;", "return x * grad_sum;", "sum_of_squares"),
    # Attention over rows of whole vectors, where it reads and adds up in place; a cache.
    (A, "x.data + from * x.stride + h * d, x.stride}", "x.data + from * x.stride, x.stride}", "attention"),
    (A, "row[j] *= factor;", "row[j] *= 1.0f;", "attention"),
    (B, "grad_q.data + start * b->grad_q.stride + head * b->d,", "grad_q.data + start * b->grad_q.stride,", "attention"),
    (B, "    row += length - nk_run_query(length, before, spread);", "    row += 0;", "attention"),
    (B, "for (int64_t j = 0; j < d; j++) sum[j] += more[j];", "for (int64_t j = 0; j < d; j++) sum[j] = more[j];", "attention"),
    (F, "nk_v_mul(nk_v_load(denominator + i), change)", "nk_v_load(denominator + i)", "attention"),
    (F, "position = f->past + at - start;", "position = at - start;", "cpu.AttentionTest"),
    (F, "nk_v_mul(high, nk_v_set1(-1.0f))", "high", "attention"),
    # Products: micro-kernels, packing, blocks, few rows.
    (M, "sum[i][v] = nk_v_fma(x, row[v], sum[i][v]);", "sum[i][v] = nk_v_mul(x, row[v]);", "cpu.ProductsTest"),
    (M, "nk_v_fma(factor, sum[i][v], nk_v_load(to))", "nk_v_fma(factor, sum[i][v], nk_v_zero())", "cpu.ProductsTest"),
    (M, ": nk_v_mul(factor, sum[i][v]));", ": sum[i][v]);", "cpu.ProductsTest"),
    (M, "layout == NK_A_PANEL ? a[i * NK_KC]", "layout == NK_A_PANEL ? a[i * stride]", "cpu.ProductsTest"),
    (M, "a += layout == NK_A_COLUMNS ? stride : 1;", "a += 1;", "cpu.ProductsTest"),
    (P, "int64_t step = left > NK_W ? NK_NR : NK_W;", "int64_t step = NK_NR;", "cpu.ProductsTest"),
    (P, "j0 + j + part + i, k0, k);", "j0 + j + i, k0, k);", "cpu.ProductsTest"),
    (P, "(k0 + row) * b->stride + j0", "row * b->stride + j0", "cpu.ProductsTest"),
    (P, "a->read(to + i * NK_KC, a, i0 + i, k0, k)", "a->read(to + i * NK_KC, a, i0 + i, 0, k)", "cpu.ProductsTest"),
    (P, "a->read(to + row * NK_MR, a, k0 + row, i0, m)", "a->read(to + row * NK_MR, a, row, i0, m)", "cpu.ProductsTest"),
    (GEMM, "float beta = first ? p->beta : 1.0f;", "float beta = p->beta;", "cpu.ProductsTest"),
    (GEMM, "NK_NC, p->alpha, !first);", "NK_NC, p->alpha, 0);", "cpu.ProductsTest"),
    (GEMM, "if (beta != 1.0f) nk_scale_c(&p);", "", "cpu.ProductsTest"),
    (GEMM, "units * piece / pieces * unit);", "units * piece / pieces * NK_W);", "cpu.ProductsTest"),
    (GEMM, "o.a_stride = NK_MR;", "o.a_stride = NK_KC;", "cpu.ProductsTest"),
    (GEMM, "stage + NK_STAGE_FLOATS + (from - i0) * NK_NC;", "stage + NK_STAGE_FLOATS;", "cpu.ProductsTest"),
    (GEMM, "row[j] = nk_fma(beta, row[j], from[j]);", "row[j] = row[j] + from[j];", "cpu.ProductsTest"),
    (GEMM, "k0 * p->a.stride + from : from", "from : from", "cpu.ProductsTest"),
    ("gemm/gemm.h", "return beta == 0.0f ? sum : nk_fma(", "return nk_fma(", "cpu.ProductsTest"),
    (FEW, "nk_blend(alpha * sums[i * NK_STREAMS + s]", "nk_blend(sums[i * NK_STREAMS + s]", "cpu.ProductsTest"),
    (FEW, "nk_v_fma(value, w[s], acc[r][s])", "nk_v_fma(value, w[0], acc[r][s])", "cpu.ProductsTest"),
    (FEW, "for (int64_t t = at; t < k; t++)\n        sum", "for (int64_t t = at + 1; t < k; t++)\n        sum", "cpu.ProductsTest"),
    (FEW, "t * a->stride + i);", "i * a->stride + t);", "cpu.ProductsTest"),
    (FEW, "start + s * b->stride + at;", "start + s * k + at;", "cpu.ProductsTest"),
    # Vectors by hand.
    (V, "_mm512_roundscale_ps(a, 8)", "_mm512_roundscale_ps(a, 9)", "attention,cpu.AttentionTest",
     "the polynomial reaches to ln 2 and beyond: e^x stays right to 1e-6, which AttentionTest holds", "avx512"),
    (V, "t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);", "t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);", "cpu.ProductsTest", "", "avx512"),
    (V, "_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))", "_mm512_castsi512_ps(_mm512_slli_epi32(wide, 15))", "cpu.ProductsTest", "", "avx512"),
    (V, "_mm512_unpackhi_ps(r[2 * i], r[2 * i + 1])", "_mm512_unpackhi_ps(r[2 * i + 1], r[2 * i])", "cpu.ProductsTest", "", "avx512"),
    (V, "_mm256_permute2f128_ps(r[i], r[i + 4], 0x31)", "_mm256_permute2f128_ps(r[i], r[i + 4], 0x20)", "cpu.ProductsTest", "", "avx2"),
    (V, "_mm256_extractf128_ps(a, 1));\n  s = _mm_add_ps(s, _mm_movehl_ps(s, s));", "_mm256_extractf128_ps(a, 1));", "cpu.ProductsTest", "", "avx2"),
    (V, "s = _mm_max_ps(s, _mm_movehl_ps(s, s));", "", "attention,cpu.AttentionTest", "", "avx2"),
    (V, "_mm256_castsi256_ps(_mm256_slli_epi32(wide, 16))", "_mm256_castsi256_ps(_mm256_slli_epi32(wide, 15))", "cpu.ProductsTest", "", "avx2"),
    (V, "_mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee)", "_mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44)", "cpu.ProductsTest", "", "avx2"),
    (V, "nk_v_set1(-0.693359375f)", "nk_v_set1(-0.6933f)", "attention"),
    (V, "nk_v_set1(2.12194440e-4f)", "nk_v_set1(-2.12194440e-4f)", "attention"),
    (BS, "_mm512_add_ps(_mm512_mul_ps(q, _mm512_set1_ps(d)), _mm512_set1_ps(m))", "_mm512_mul_ps(q, _mm512_set1_ps(d))", "dequantize", "", "avx512"),
    (BS, "_mm512_mul_ps(level, _mm512_set1_ps(absmax))", "level", "dequantize", "", "avx512"),
    (BS, "_mm256_cvtepi8_epi32(_mm_srli_si128(codes, 8))", "_mm256_cvtepi8_epi32(_mm_srli_si128(codes, 4))", "dequantize", "", "avx2"),
    (BS, "_mm256_slli_epi32(code, 28)", "_mm256_slli_epi32(code, 27)", "dequantize", "", "avx2"),
    (BS, "_mm256_sub_epi8(nk_nibbles_32(block + 2), _mm256_set1_epi8(8))", "nk_nibbles_32(block + 2)", "dequantize"),
    (BS, "0x0202020202020202, 0x0303030303030303", "0x0303030303030303, 0x0202020202020202", "dequantize"),
    (BS, "_mm_cvtsi32_si128(2 * strand)", "_mm_cvtsi32_si128(strand)", "dequantize"),
    (BS, "_mm_unpackhi_epi8(first, second)", "_mm_unpackhi_epi8(second, first)", "dequantize"),
    (BS, "nk_half_at(block) * (float)scale, -(nk_half_at", "nk_half_at(block) * (float)scale, (nk_half_at", "dequantize"),
    ("blocks/blocks_math.h", "s[j + 4] >> 4 | (s[j] >> 6) << 4", "s[j + 4] >> 4 | (s[j] >> 6) << 3", "dequantize"),
    ("dequantize/dequantize.c", "at = i * y_stride + from;", "at = i * y_stride;", "dequantize"),
    # Quantised products of few rows and of many.
    (QL, "x + r * k + at + c * NK_W", "x + r * k + at", "quantized_linear"),
    (QL, "nk_v_sum(nk_v_add(acc[r][0], acc[r][1]))", "nk_v_sum(acc[r][0])", "quantized_linear"),
    (QL, "sums[r] += sum;", "sums[r] = sum;", "quantized_linear"),
    (QL, "nk_dot_run(2, sums, x + from,", "nk_dot_run(2, sums, x,", "quantized_linear"),
    (QL, "nk_dot_run(4, sums, x + from,", "nk_dot_run(3, sums, x + from,", "quantized_linear"),
    (QL, "nk_load(wide + i * k, x, x_type, i * x_stride, k);", "nk_load(wide + i * k, x, x_type, i * k, k);", "quant.QuantizedFacesTest"),
    # More of the low-rank layers: several runs of columns, the router's softmax.
    (H, "r < rank; r++) to[r] = weight * h[r];", "r < rank; r++) to[r] = h[r];", "hydra_linear"),
    (HM, "omega[e] = nk_exp(omega[e] - largest);", "omega[e] = nk_exp(omega[e]);", "hydra_linear"),
    (HM, "return omega[e] * sum;", "return sum;", "hydra_linear"),
    (D, "squares[i] += nk_dot(", "squares[i] = nk_dot(", "dora_linear"),
    (D, "&weight, row + i, from, n);", "&weight, row + i, 0, n);", "dora_linear"),
    (D, "nk_view(in, product, product_type, row * product_stride + from, n);", "nk_view(in, product, product_type, row * product_stride, n);", "dora_linear"),
    (D, "sums[from + i] += nk_dora_share", "sums[i] += nk_dora_share", "dora_linear"),
    ("elementwise/elementwise.c", "nk_load(b, bias, bias_type, from, count);", "nk_load(b, bias, bias_type, 0, count);", "lora_linear"),
    # 8-bit moments.
    ("adamw/adamw.c", "k < 0 ? -k : k, NK_MOMENT_BIAS_SIGNED) * m_unit", "k < 0 ? -k : k, NK_MOMENT_BIAS) * m_unit", "adamw"),
    ("adamw/adamw.c", "v_largest = second > v_largest ? second : v_largest;", "v_largest = second;", "adamw"),
    ("adamw/adamw.c", "v_over = v_unit > 0.0f ? v_unit : INFINITY;", "v_over = v_unit;", "adamw"),
    ("adamw/adamw.c", "*m_scale = m_unit;", "*m_scale = m_largest;", "adamw"),
    ("adamw/adamw.c", "m_codes[i] = (uint8_t)", "m_codes[0] = (uint8_t)", "adamw"),
    ("adamw/adamw_codes.h", ">> 20) - (127 - bias) * 8;", ">> 20) - (126 - bias) * 8;", "adamw"),
    ("adamw/adamw_math.h", "v * f.beta2 + f.weight2 * g * g", "v * f.beta2 + f.weight2 * g", "adamw"),
]

E = "elementwise/elementwise.cu"
DC = "dora_linear/dora_linear.cu"
QC = "quantized_linear/quantized_linear.cu"

# The CUDA sources, which the emulation runs.
CUDA_MUTANTS = [
    (E, "int64_t each = (columns + NK_V - 1) / NK_V;\n  if", "int64_t each = columns / NK_V;\n  if", "lora_linear"),
    (E, "int64_t k = p.row % n2, ij = p.row / n2, j = ij % n1, i = ij / n1;", "int64_t k = p.row % n2, ij = p.row / n2, j = ij, i = 0;", "attention,lora_linear",
     "no operator's tensors keep four dimensions apart: LargeShapesTest converts some that do"),
    (E, "nk_read_as<NK_V>(bias, bias_type, p.column, wide, left)", "nk_read_as<NK_V>(bias, bias_type, at, wide, left)", "lora_linear"),
    (E, "a.at[e] += b.at[e];", "a.at[e] -= b.at[e];", "lora_linear"),
    (E, "if (e > 0 && (uint32_t)own == 0) key = nk_draw_key((uint64_t)seed, own);", "", "lora_linear"),
    (E, "nk_draw(key, (uint32_t)own) >= (uint32_t)bound", "(int)nk_draw(key, (uint32_t)own) >= bound", "lora_linear"),
    (E, "accumulate ? a.at[e] + kept : kept;", "kept;", "lora_linear"),
    (E, "to += i * y0 + j * y1 + k * y2;", "to += i * y0 + j * y1 + k * y1;", "attention,lora_linear",
     "no operator's tensors keep four dimensions apart: LargeShapesTest converts some that do"),
    ("adamw/adamw.cu", "(float *)(uintptr_t)slot[5] + at / NK_SCALED;", "(float *)(uintptr_t)slot[5];", "adamw"),
    ("adamw/adamw.cu", "m_unit = (m_largest + wild)", "m_unit = m_largest", "adamw",
     "codes under a scale that is NaN are any: EightBitAdamWTest holds the scales"),
    ("quantize_activation/quantize_activation.cu", "for (int step = lanes / 2; step > 0; step /= 2) {", "for (int step = lanes / 2; step > 1; step /= 2) {", "quantize_activation"),
    ("quantize_activation/quantize_activation.cu", "(wild == 0.0f ? largest : wild)", "largest", "quantize_activation"),
    ("quantize_activation/quantize_activation.cu", "(own & 1) == 0) {", "(own & 3) == 0) {", "quantize_activation"),
    ("attention/attention.cu", "sums[i][j] * factor[i]", "sums[i][j]", "attention"),
    ("hydra_linear/hydra_linear.cu", "if (mine && lane == 0) to_omega[e] += sum;", "if (mine && lane == 0) to_omega[e] = weights[e] * sum;", "hydra_linear"),
    ("hydra_linear/hydra_linear.cu", "sum = nk_fma(weights[e], g[e * rank + r], sum);", "sum = nk_fma(weights[e], g[r], sum);", "hydra_linear"),
    ("hydra_linear/hydra_linear.cu", "to[e * rank + r] = weight * h[r];", "to[e * rank + r] = h[r];", "hydra_linear"),
    ("hydra_linear/hydra_linear.cu", "sum = nk_warp_sum(sum);", "", "hydra_linear"),
    (DC, "a[(rank0 + of_rank) * a_stride + column]", "a[of_rank * a_stride + column]", "dora_linear"),
    (DC, "b[row * rank + rank0 + along]", "b[row * rank + along]", "dora_linear"),
    (DC, "squares[i / 4] += v * v;", "squares[i / 4] = v * v;", "dora_linear"),
    (DC, "for (int step = 8; step > 0; step /= 2)", "for (int step = 4; step > 0; step /= 2)", "dora_linear"),
    (DC, "(sum / (double)norms[column])", "sum", "dora_linear"),
    (DC, "R::read(group, m, row, column / NK_GROUP);", "R::read(group, m, row, 0);", "dora_linear"),
    (QC, "r * x_stride + from + i)", "r * x_stride + i)", "quantized_linear"),
    (QC, "sums[r] = nk_fma(of_x[e], group[e], sums[r]);", "sums[r] = nk_fma(of_x[e], group[0], sums[r]);", "quantized_linear"),
    (QC, "int64_t row = across ? k0 + k : i0 + i", "int64_t row = across ? k : i0 + i", "quantized_linear"),
    (QC, "column = across ? i0 + i : k0;", "column = across ? i : k0;", "quantized_linear"),
    ("rms_norm/rms_norm.cu", "parts[i * 32 + x];", "parts[i * 32];", "rms_norm"),
    ("rms_norm/rms_norm.cu", "chunk < chunks && at < columns; chunk += 8)", "chunk < 8 && chunk < chunks && at < columns; chunk += 8)", "rms_norm"),
    ("cross_entropy/cross_entropy.cu", "before * (double)change + all", "before + all", "cross_entropy"),
    ("cross_entropy/cross_entropy.cu", "if (narrow) nk_head_scale(narrow + row * rank, rank, change);", "", "cross_entropy"),
    ("cross_entropy/cross_entropy.cu", "to[i] * share - slope * nk_get(w[i])", "to[i] * share - nk_get(w[i])", "cross_entropy"),
    ("adamw/adamw.cu", "v_largest = nk_warp_max(v_largest);", "", "adamw"),
    ("adamw/adamw.cu", "codes.at[e] << (8 * e)", "codes.at[e] << (8 * (3 - e))", "adamw"),
]


def sources():
    return sorted(p for p in NATIVE.glob("*/*.c") if p.parent.name not in ("library", "bench"))


def dependents(name, level):
    """The sources that a changed file reaches."""
    if name.endswith(".c"):
        return [NATIVE / name]
    found = []
    for source in sources():
        needed = subprocess.run(
            ["cc", "-MM", "-I", NATIVE / "common", "-I", NATIVE, *FLAGS[level], source],
            capture_output=True, text=True, check=True).stdout
        if f"/{name}" in needed.replace("common/../", ""):
            found.append(source)
    return found


def compile_to(target, source, root, level):
    subprocess.run(
        ["cc", "-std=gnu11", "-O1", "-fPIC", "-fopenmp", "-w", "-ffp-contract=off", "-fno-math-errno",
         "-fno-trapping-math", "-fvisibility=hidden", "-I", root / "common", "-I", root, *FLAGS[level],
         f"-DNK_LEVEL={level}", f"-DNK_LEVEL_{level.upper()}=1", "-c", source, "-o", target],
        check=True)


EMULATION = NATIVE.parents[1] / "test" / "native" / "emulation"

# As its CMakeLists has them.
EMULATED = ["g++", "-std=gnu++17", "-O1", "-march=native", "-fPIC", "-w", "-ffp-contract=off",
            "-fno-strict-aliasing", "-fvisibility=hidden", "-DNK_EMULATION", "-x", "c++"]


def compile_emulated(target, source, root):
    includes = [f"-I{p}" for p in (EMULATION, root / "cuda", root / "common", root)]
    subprocess.run([*EMULATED, *includes, "-c", source, "-o", target], check=True)


def hold_texts(mutants):
    """A text that stands nowhere breaks nothing, and of two the first would be broken by chance."""
    wrong = [f"{m.file}, {n} times: {m.old.splitlines()[0]}" for m in mutants
             if (n := (NATIVE / m.file).read_text().count(m.old)) != 1]
    if wrong:
        sys.exit("these texts must each stand in their file once:\n" + "\n".join(wrong))


def build(out, level, only):
    cuda = level == "cuda"
    mutants = [Mutant(*m) for m in (CUDA_MUTANTS if cuda else MUTANTS)]
    hold_texts(mutants)
    work = out / "source"
    subprocess.run(["rm", "-rf", out], check=True)
    out.mkdir(parents=True)
    subprocess.run(["cp", "-r", NATIVE, work], check=True)
    objects = {}
    all_sources = ([EMULATION / "emulation.cpp", *sorted(NATIVE.glob("*/*.cu"))] if cuda
                   else [NATIVE / "library" / "library.c", *sources()])

    def compile_one(target, source):
        if not cuda:
            compile_to(target, work / source.relative_to(NATIVE), work, level)
        elif source.parent == EMULATION:
            compile_emulated(target, source, work)
        else:
            compile_emulated(target, work / source.relative_to(NATIVE), work)

    for source in all_sources:
        objects[source] = out / (source.parent.name + "_" + source.stem + ".o")
        compile_one(objects[source], source)
    rows = []
    for number, (name, old, new, operators, why, only_level) in enumerate(mutants):
        if only and not any(text in name for text in only.split(",")):
            continue
        if only_level not in ("", level):
            continue
        file = work / name
        text = file.read_text()
        file.write_text(text.replace(old, new))
        mutant = dict(objects)
        try:
            for source in [NATIVE / name] if cuda else dependents(name, level):
                mutant[source] = out / f"m{number}_{objects[source].name}"
                compile_one(mutant[source], source)
        finally:
            file.write_text(text)
        library = out / f"mutant{number}.so"
        subprocess.run(["g++" if cuda else "cc", "-shared", "-fopenmp", "-o", library,
                        *mutant.values(), "-lm"], check=True)
        rows.append("\t".join([str(number), operators, name, old.splitlines()[0].strip(), why]))
    (out / "list.tsv").write_text("".join(row + "\n" for row in rows))
    (out / "level").write_text(level)
    print(f"{len(rows)} mutants at {level} in {out}")


def report(out):
    rows = [row.split("\t") for row in (out / "list.tsv").read_text().splitlines()]
    verdicts = dict(
        row.split("\t")[:2] for row in (out / "verdicts.tsv").read_text().splitlines())
    survivors = [row for row in rows if verdicts.get(row[0]) == "survived"]
    unexplained = [row for row in survivors if not row[4]]
    missing = [row for row in rows if row[0] not in verdicts]
    print(f"{len(rows)} mutants, {len(rows) - len(survivors) - len(missing)} noticed, "
          f"{len(survivors)} survived, {len(unexplained)} of them without a reason, "
          f"{len(missing)} not run")
    for row in survivors + missing:
        print("  " + "  ".join(row))
    sys.exit(1 if unexplained or missing else 0)


def main():
    arguments = sys.argv[1:]
    if len(arguments) < 2 or arguments[0] not in ("build", "report"):
        sys.exit(__doc__)
    out = pathlib.Path(arguments[1]).resolve()
    options = dict(zip(arguments[2::2], arguments[3::2]))
    if arguments[0] == "report":
        report(out)
    else:
        build(out, options.get("--level", "avx2"), options.get("--only"))


if __name__ == "__main__":
    main()
