package dev.nacelle.kernels.cuda;

import java.util.Map;

/** Launches of rms_norm, rope, adamw and clip_grad_norm. */
final class BlockPlans {
  private static final int THREADS = 256;

  /** Elements of a thread's vector in rms_norm: NK_V. */
  private static final int VECTOR = 4;

  /** Columns from which on a whole block works on a row; a warp takes up to eight passes below. */
  private static final long BLOCK_COLUMNS = 1024;

  /**
   * Parts that the weight's gradient is summed in: enough for every device, few enough to add up.
   */
  private static final long PARTS = 512;

  private static final long SHARED_BYTES = 44 << 10;

  /** Tokens of a block of rope: NK_TOKENS. */
  private static final int TOKENS = 8;

  /** NK_I64. */
  private static final int LONG_POSITIONS = 4;

  private static final int ADAMW_COLUMNS = 6;
  private static final int EIGHT_BIT_COLUMNS = 8;
  private static final int CLIP_COLUMNS = 4;

  private BlockPlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_rms_norm_forward", BlockPlans::norm);
    plans.put("nk_rms_norm_backward", BlockPlans::normBack);
    plans.put("nk_rope_turn", BlockPlans::rope);
    plans.put("nk_adamw_step", BlockPlans::adamW);
    plans.put("nk_adamw_step_8", BlockPlans::adamWEightBit);
    plans.put("nk_clip_grad_norm_norm", BlockPlans::clipNorm);
    plans.put("nk_clip_grad_norm_scale", BlockPlans::clipScale);
  }

  private static boolean vectors(int type, long address, long stride, long rows) {
    return address % ((long) VECTOR * EntryCall.bytes(type)) == 0
        && (rows <= 1 || stride % VECTOR == 0);
  }

  /** y, rstd, x, weight; rows, columns, y's stride, x's; type, weight's type; eps; offset. */
  private static long norm(EntryCall c) {
    long rows = c.at(4);
    long columns = c.at(5);
    if (rows == 0) {
      return 0;
    }
    int type = c.flag(8);
    boolean wide =
        vectors(type, c.at(0), c.at(6), rows)
            && vectors(type, c.at(2), c.at(7), rows)
            && vectors(c.flag(9), c.at(3), 0, rows);
    int lanes = columns >= BLOCK_COLUMNS ? THREADS : 32;
    KernelArguments with =
        new KernelArguments()
            .addresses(c.at(0), c.at(1), c.at(2), c.at(3))
            .sizes(rows, columns, c.at(6), c.at(7));
    c.pass(with, 10, 12);
    c.launch(
        "rms_norm",
        "nk_rms_norm_forward_" + EntryCall.type(type) + "_" + EntryCall.type(c.flag(9)),
        LaunchShape.of(rows * lanes, THREADS),
        with.flags(lanes, wide ? 1 : 0));
    return 0;
  }

  /**
   * grad_x, grad_weight, partials, grad_y, grad_rstd, x, weight, rstd; rows, columns, chunk_rows,
   * three strides; type, weight's type, offset, accumulate. The C library's chunks are too few for
   * a GPU: the plan cuts its own.
   */
  private static long normBack(EntryCall c) {
    long rows = c.at(8);
    long columns = c.at(9);
    long gradWeight = c.at(1);
    int type = c.flag(14);
    boolean wide =
        vectors(type, c.at(0), c.at(11), rows)
            && vectors(type, c.at(3), c.at(12), rows)
            && vectors(type, c.at(5), c.at(13), rows)
            && vectors(c.flag(15), c.at(6), 0, rows);
    long chunkRows = gradWeight == 0 ? 1 : Math.max(1, (rows + PARTS - 1) / PARTS);
    long chunks = (rows + chunkRows - 1) / chunkRows;
    long partials = gradWeight == 0 ? 0 : c.scratch(chunks * columns, Float.BYTES);
    boolean shared = gradWeight != 0 && columns * Float.BYTES <= SHARED_BYTES;
    if (chunks > 0) {
      KernelArguments with =
          new KernelArguments()
              .addresses(c.at(0), partials)
              .addresses(c.at(3), c.at(4), c.at(5), c.at(6), c.at(7))
              .sizes(rows, columns, chunkRows, c.at(11), c.at(12), c.at(13));
      c.pass(with, 16, 18);
      c.launch(
          "rms_norm",
          "nk_rms_norm_backward_" + EntryCall.type(type) + "_" + EntryCall.type(c.flag(15)),
          LaunchShape.blocks(chunks, THREADS).shared(shared ? columns * Float.BYTES : 0),
          with.flags(wide ? 1 : 0, shared ? 1 : 0));
    }
    if (gradWeight != 0 && columns > 0) {
      c.launch(
          "rms_norm",
          "nk_rms_norm_sum",
          LaunchShape.of(columns * 8, THREADS),
          new KernelArguments().addresses(gradWeight, partials).sizes(chunks, columns));
    }
    return 0;
  }

  /**
   * y, x, positions, inv_freq; B, T, H, D, three strides of y, three of x, two of positions; type,
   * type of positions, interleaved; scale, direction.
   */
  private static long rope(EntryCall c) {
    int type = c.flag(16);
    int width = type == 0 ? 2 : 4;
    boolean wide =
        EntryCall.aligned(EntryCall.VECTOR_BYTES, c.at(0), c.at(1)) && c.at(7) / 2 % width == 0;
    for (int i = 8; i < 14; i++) {
      wide &= c.at(i) % (2L * width) == 0;
    }
    KernelArguments with = new KernelArguments().addresses(c.at(0), c.at(1), c.at(2), c.at(3));
    c.pass(with, 4, 16);
    with.flags(c.flag(17) == LONG_POSITIONS ? 1 : 0);
    c.pass(with, 18, 21);
    c.launch(
        "rope",
        "nk_rope_turn_" + EntryCall.type(type) + "_x" + (wide ? width : 1),
        LaunchShape.blocks((c.at(4) * c.at(5) + TOKENS - 1) / TOKENS, THREADS),
        with);
    return 0;
  }

  /** table, slots, blocks; type; seven factors. */
  private static long adamW(EntryCall c) {
    if (c.at(2) > 0) {
      KernelArguments with =
          new KernelArguments().addresses(table(c, c.at(0), c.at(1), ADAMW_COLUMNS)).sizes(c.at(1));
      for (int i = 4; i < 11; i++) {
        with.reals((float) c.wide(i));
      }
      c.launch(
          "adamw",
          "nk_adamw_step_" + EntryCall.type(c.flag(3)),
          LaunchShape.blocks(c.at(2), THREADS),
          with);
    }
    return 0;
  }

  /** table, slots, blocks; step; type; seven factors. */
  private static long adamWEightBit(EntryCall c) {
    if (c.at(2) > 0) {
      KernelArguments with =
          new KernelArguments()
              .addresses(table(c, c.at(0), c.at(1), EIGHT_BIT_COLUMNS))
              .sizes(c.at(1), c.at(3));
      for (int i = 5; i < 12; i++) {
        with.reals((float) c.wide(i));
      }
      c.launch(
          "adamw",
          "nk_adamw_step_8_" + EntryCall.type(c.flag(4)),
          LaunchShape.blocks(c.at(2), THREADS),
          with);
    }
    return 0;
  }

  private static long table(EntryCall c, long address, long slots, int columns) {
    return c.upload(address, slots * columns * Long.BYTES);
  }

  /** norm, partials, table; slots, blocks; max_norm. */
  private static long clipNorm(EntryCall c) {
    if (c.at(4) > 0) {
      c.launch(
          "clip_grad_norm",
          "nk_clip_grad_norm_squares",
          LaunchShape.blocks(c.at(4), THREADS),
          new KernelArguments()
              .addresses(c.at(1), table(c, c.at(2), c.at(3), CLIP_COLUMNS))
              .sizes(c.at(3)));
    }
    c.launch(
        "clip_grad_norm",
        "nk_clip_grad_norm_norm",
        LaunchShape.blocks(1, THREADS),
        new KernelArguments().addresses(c.at(0), c.at(1)).sizes(c.at(4)).doubles(c.wide(5)));
    return 0;
  }

  /** table, slots, blocks; factor. */
  private static long clipScale(EntryCall c) {
    if (c.at(2) > 0) {
      c.launch(
          "clip_grad_norm",
          "nk_clip_grad_norm_scale",
          LaunchShape.blocks(c.at(2), THREADS),
          new KernelArguments()
              .addresses(table(c, c.at(0), c.at(1), CLIP_COLUMNS))
              .sizes(c.at(1))
              .reals(c.real(3)));
    }
    return 0;
  }
}
