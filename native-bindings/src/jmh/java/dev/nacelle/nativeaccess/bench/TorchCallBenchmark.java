package dev.nacelle.nativeaccess.bench;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.threads.ThreadGovernor;
import dev.nacelle.nativeaccess.torch.TorchActivation;
import dev.nacelle.nativeaccess.torch.TorchArithmetic;
import dev.nacelle.nativeaccess.torch.TorchBackend;
import dev.nacelle.nativeaccess.torch.TorchCreation;
import dev.nacelle.nativeaccess.torch.TorchTensor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Calls on 16 elements, so that the way there is all that is measured. Bounds: with allocation of
 * the result 1.0 µs, without 0.4 µs, no garbage (gc.alloc.rate.norm about 0). Two forks and five
 * seconds each: between forks the compiler's choices differ more than within one.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-DNACELLE_LIBTORCH=jar"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TorchCallBenchmark {
  private TorchCreation creation;
  private TorchArithmetic arithmetic;
  private TorchActivation activation;
  private TorchTensor a;
  private TorchTensor b;

  @Setup
  public void open() {
    ThreadGovernor.set(1);
    TorchBackend torch = TorchBackend.load();
    creation = torch.creation();
    arithmetic = torch.arithmetic();
    activation = torch.activation();
    a = creation.empty(DType.FP32, 16);
    b = creation.empty(DType.FP32, 16);
    creation.fill(a, 1);
    creation.fill(b, 2);
  }

  @TearDown
  public void close() {
    a.close();
    b.close();
  }

  /** A direct shim that makes its result. */
  @Benchmark
  public void addWithAllocation() {
    arithmetic.add(a, b, 1).close();
  }

  /** A direct shim that writes into memory that is there. */
  @Benchmark
  public void fillWithoutAllocation() {
    creation.fill(a, 1);
  }

  @Benchmark
  public void copyWithoutAllocation() {
    creation.copy(a, b);
  }

  /** The bare crossing: a getter. */
  @Benchmark
  public long elements() {
    return a.elements();
  }

  /** The dispatcher, by name. */
  @Benchmark
  public void siluByDispatcher() {
    activation.silu(a).close();
  }

  /** The dispatcher with an output that is there. */
  @Benchmark
  public void mulIntoByDispatcher() {
    arithmetic.mulInto(a, a, b);
  }
}
