package dev.nacelle.kernels.cuda;

import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.nativeaccess.NativeException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The entry points of the C library, carried out by kernels on a device: the same names, the same
 * arguments, so the same faces call both. Calls are synchronous, as those of the C library are.
 */
public final class CudaFunctions implements NativeFunctions {
  /** Carries out an entry point; what it returns counts only where the C function returns it. */
  @FunctionalInterface
  interface Plan {
    long run(EntryCall call);
  }

  private static final Map<String, Plan> PLANS = plans();
  private static final MethodHandle RUN;

  static {
    try {
      RUN =
          MethodHandles.lookup()
              .findVirtual(
                  CudaFunctions.class,
                  "run",
                  MethodType.methodType(long.class, Plan.class, Object[].class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final CudaDevice device;

  public CudaFunctions(CudaDevice device) {
    this.device = device;
  }

  private static Map<String, Plan> plans() {
    Map<String, Plan> plans = new HashMap<>();
    NeuronPlans.add(plans);
    FourierPlans.add(plans);
    SpikePlans.add(plans);
    ElementPlans.add(plans);
    BlockPlans.add(plans);
    HeadPlans.add(plans);
    QuantPlans.add(plans);
    GemmPlans.add(plans);
    ElementwisePlans.add(plans);
    AttentionPlans.add(plans);
    AdapterPlans.add(plans);
    ActivationPlans.add(plans);
    return Map.copyOf(plans);
  }

  /** What bound handles call. */
  long run(Plan plan, Object[] arguments) {
    try (EntryCall call = new EntryCall(device, arguments)) {
      long result = plan.run(call);
      device.synchronize();
      return result;
    }
  }

  private MethodHandle handle(String name, String signature, Class<?> result) {
    Plan plan = PLANS.get(name);
    if (plan == null) {
      throw new NativeException("no CUDA launch plan carries out " + name);
    }
    Class<?>[] types = new Class<?>[signature.length()];
    for (int i = 0; i < types.length; i++) {
      types[i] =
          switch (signature.charAt(i)) {
            case 'P', 'L' -> long.class;
            case 'I' -> int.class;
            case 'F' -> float.class;
            case 'D' -> double.class;
            default -> throw new IllegalArgumentException("no such letter in " + signature);
          };
    }
    return MethodHandles.insertArguments(RUN, 0, this, Objects.requireNonNull(plan))
        .asCollector(Object[].class, types.length)
        .asType(MethodType.methodType(result, types));
  }

  @Override
  public MethodHandle bind(String name, String signature) {
    return handle(name, signature, void.class);
  }

  @Override
  public MethodHandle bindLong(String name, String signature) {
    return handle(name, signature, long.class);
  }

  /** Faces share scratch out by threads; a device asks for none of theirs. */
  @Override
  public int threads() {
    return 1;
  }
}
