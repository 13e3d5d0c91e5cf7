package dev.nacelle.kernels.cpu;

import dev.nacelle.kernels.Attention;
import dev.nacelle.kernels.AttentionChecks;
import dev.nacelle.kernels.AttentionMask;
import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.lang.invoke.MethodHandle;

/** The face of attention/. It holds the C library's tiles for each thread until closed. */
public final class CpuAttention implements Attention, AutoCloseable {
  private final int threads;
  private final MethodHandle forward;
  private final MethodHandle forwardWorkspace;
  private final MethodHandle cached;
  private final MethodHandle backward;
  private final MethodHandle backwardWorkspace;
  private final Scratch workspace = new Scratch();
  private final Scratch segments = new Scratch();

  public CpuAttention(NativeFunctions library) {
    threads = library.threads();
    forward = library.bind("nk_attention_forward", "PPPPPPPPLLLLLLLLLIIIIIFFI");
    forwardWorkspace = library.bindLong("nk_attention_forward_workspace", "LLLI");
    cached = library.bind("nk_attention_cached", "PPPPPPLLLLLLLLLIIIIFFI");
    backward = library.bind("nk_attention_backward", "PPPPPPPPPPPPLLLLLLLLLLLLLIIIIIIIIIFFI");
    backwardWorkspace = library.bindLong("nk_attention_backward_workspace", "PLLLLIIII");
  }

  @Override
  public void forward(
      Operand out,
      Operand logSumExp,
      Operand q,
      Operand k,
      Operand v,
      AttentionMask mask,
      float scale,
      float softcap) {
    AttentionChecks sizes = AttentionChecks.forward(out, logSumExp, q, k, v, mask);
    Checks.atLeast("softcap", softcap, 0);
    Rows rows = write(mask);
    try {
      forward.invokeExact(
          out.address(),
          logSumExp.address(),
          forwardWorkspace(sizes),
          q.address(),
          k.address(),
          v.address(),
          rows.starts(),
          rows.firsts(),
          (long) mask.starts().length - 1,
          sizes.rows(),
          (long) sizes.heads(),
          (long) sizes.kvHeads(),
          (long) sizes.headDim(),
          out.stride(0),
          q.stride(0),
          k.stride(0),
          v.stride(0),
          DTypeCodes.of(out.dtype()),
          DTypeCodes.of(q.dtype()),
          DTypeCodes.of(k.dtype()),
          DTypeCodes.of(v.dtype()),
          mask.causal() ? 1 : 0,
          scale,
          softcap,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_attention_forward", t);
    }
  }

  @Override
  public void cached(
      Operand out,
      Operand q,
      Operand k,
      Operand v,
      int past,
      int window,
      float scale,
      float softcap) {
    AttentionChecks sizes = AttentionChecks.cached(out, q, k, v, past, window);
    Checks.atLeast("softcap", softcap, 0);
    long firsts = firsts(sizes.rows(), past, window);
    try {
      cached.invokeExact(
          out.address(),
          forwardWorkspace(sizes),
          q.address(),
          k.address(),
          v.address(),
          firsts,
          sizes.rows(),
          (long) past,
          (long) sizes.heads(),
          (long) sizes.kvHeads(),
          (long) sizes.headDim(),
          out.stride(0),
          q.stride(0),
          k.stride(0),
          v.stride(0),
          DTypeCodes.of(out.dtype()),
          DTypeCodes.of(q.dtype()),
          DTypeCodes.of(k.dtype()),
          DTypeCodes.of(v.dtype()),
          scale,
          softcap,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_attention_cached", t);
    }
  }

  @Override
  public void backward(
      Operand gradQ,
      Operand gradK,
      Operand gradV,
      Operand gradOut,
      Operand out,
      Operand logSumExp,
      Operand q,
      Operand k,
      Operand v,
      AttentionMask mask,
      float scale,
      float softcap) {
    AttentionChecks sizes =
        AttentionChecks.backward(gradQ, gradK, gradV, gradOut, out, logSumExp, q, k, v, mask);
    Checks.atLeast("softcap", softcap, 0);
    Rows rows = write(mask);
    try {
      long bytes =
          (long)
              backwardWorkspace.invokeExact(
                  rows.starts(),
                  (long) mask.starts().length - 1,
                  (long) sizes.heads(),
                  (long) sizes.kvHeads(),
                  (long) sizes.headDim(),
                  DTypeCodes.of(gradQ.dtype()),
                  mask.causal() ? 1 : 0,
                  mask.firsts() == null ? 0 : 1,
                  threads);
      backward.invokeExact(
          gradQ.address(),
          gradK.address(),
          gradV.address(),
          workspace.atLeast(bytes).address(),
          gradOut.address(),
          out.address(),
          logSumExp.address(),
          q.address(),
          k.address(),
          v.address(),
          rows.starts(),
          rows.firsts(),
          (long) mask.starts().length - 1,
          sizes.rows(),
          (long) sizes.heads(),
          (long) sizes.kvHeads(),
          (long) sizes.headDim(),
          gradQ.stride(0),
          gradK.stride(0),
          gradV.stride(0),
          gradOut.stride(0),
          out.stride(0),
          q.stride(0),
          k.stride(0),
          v.stride(0),
          DTypeCodes.of(gradQ.dtype()),
          DTypeCodes.of(gradK.dtype()),
          DTypeCodes.of(gradV.dtype()),
          DTypeCodes.of(gradOut.dtype()),
          DTypeCodes.of(out.dtype()),
          DTypeCodes.of(q.dtype()),
          DTypeCodes.of(k.dtype()),
          DTypeCodes.of(v.dtype()),
          mask.causal() ? 1 : 0,
          scale,
          softcap,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_attention_backward", t);
    }
  }

  @Override
  public long forwardScratch(long heads, long kvHeads, long headDim) {
    try {
      return (long) forwardWorkspace.invokeExact(heads, kvHeads, headDim, threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_attention_forward_workspace", t);
    }
  }

  @Override
  public long backwardScratch(
      AttentionMask mask, long heads, long kvHeads, long headDim, DType dtype) {
    try {
      return (long)
          backwardWorkspace.invokeExact(
              write(mask).starts(),
              (long) mask.starts().length - 1,
              heads,
              kvHeads,
              headDim,
              DTypeCodes.of(dtype),
              mask.causal() ? 1 : 0,
              mask.firsts() == null ? 0 : 1,
              threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_attention_backward_workspace", t);
    }
  }

  private long forwardWorkspace(AttentionChecks sizes) throws Throwable {
    long bytes =
        (long)
            forwardWorkspace.invokeExact(
                (long) sizes.heads(), (long) sizes.kvHeads(), (long) sizes.headDim(), threads);
    return workspace.atLeast(bytes).address();
  }

  /** Addresses of a mask's numbers in C; firsts may be null. */
  private record Rows(long starts, long firsts) {}

  private Rows write(AttentionMask mask) {
    int[] starts = mask.starts();
    int[] firsts = mask.firsts();
    int more = firsts == null ? 0 : firsts.length;
    NativeBuffer buffer = segments.atLeast(4L * (starts.length + more));
    buffer.write(0, starts, 0, starts.length);
    if (firsts == null) {
      return new Rows(buffer.address(), 0);
    }
    buffer.write(starts.length, firsts, 0, more);
    return new Rows(buffer.address(), buffer.address() + 4L * starts.length);
  }

  /** The first cache row that each new row sees, for C; 0 where every row sees all before it. */
  private long firsts(long rows, int past, int window) {
    if (window == 0 || past + rows <= window) {
      return 0;
    }
    NativeBuffer buffer = segments.atLeast(Integer.BYTES * rows);
    for (int row = 0; row < rows; row++) {
      buffer.setInt(row, Math.max(0, past + row + 1 - window));
    }
    return buffer.address();
  }

  @Override
  public void close() {
    workspace.close();
    segments.close();
  }
}
