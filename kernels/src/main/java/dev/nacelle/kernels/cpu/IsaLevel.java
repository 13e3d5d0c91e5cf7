package dev.nacelle.kernels.cpu;

import java.util.Locale;

/** Instruction sets that the C kernels are compiled for, from slow to fast. */
public enum IsaLevel {
  /** What every processor of the architecture has. */
  GENERIC(1),
  /** x86-64 with AVX2, FMA and F16C. */
  AVX2(2),
  /** x86-64 with AVX-512 F, BW, DQ and VL. */
  AVX512(4),
  /** x86-64 with AVX-512 and the tile unit, AMX for bf16. */
  AMX(16),
  /** aarch64. */
  NEON(8);

  private final int bit;

  IsaLevel(int bit) {
    this.bit = bit;
  }

  /** The suffix of entry points and the name in reports: {@code avx2}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  boolean isIn(int levels) {
    return (levels & bit) != 0;
  }

  /** The best of the levels that {@code nk_levels} reported. */
  static IsaLevel best(int levels) {
    IsaLevel best = GENERIC;
    for (IsaLevel level : values()) {
      if (level.isIn(levels)) {
        best = level;
      }
    }
    return best;
  }

  /**
   * @throws IllegalArgumentException if no level has this name
   */
  static IsaLevel parse(String name) {
    for (IsaLevel level : values()) {
      if (level.label().equals(name)) {
        return level;
      }
    }
    throw new IllegalArgumentException(
        "no instruction set level is called '"
            + name
            + "'; use generic, avx2, avx512, amx or neon");
  }
}
