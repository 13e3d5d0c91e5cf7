package dev.nacelle.devices.profile;

import org.jspecify.annotations.Nullable;

/**
 * What a plan needs of a device in one power mode. What is not sourced is null.
 *
 * @param profile the device
 * @param mode null where the device has none or none was chosen
 * @param memoryBytes what the system shows of the memory, else what the module has
 * @param systemBytes held before a process of ours starts, 0 where that is not known
 * @param reserveBytes what a budget leaves to everybody else; null where the memory is not known
 * @param unified whether processor and graphics share the memory; null where that is not known
 * @param bandwidth bytes a second in this mode
 * @param fp16Flops dense, a second, in this mode
 * @param smCount in this mode
 */
public record DeviceChoice(
    DeviceProfile profile,
    @Nullable PowerMode mode,
    @Nullable Long memoryBytes,
    long systemBytes,
    @Nullable Long reserveBytes,
    @Nullable Boolean unified,
    @Nullable Sourced<Long> bandwidth,
    @Nullable Sourced<Long> fp16Flops,
    @Nullable Long smCount) {
  private static final long LEAST_RESERVE = 256L << 20;

  /** A device in a mode. */
  static DeviceChoice of(DeviceProfile profile, @Nullable PowerMode mode) {
    Facts facts = profile.facts();
    Long memory =
        facts
            .number(Fact.VISIBLE_BYTES)
            .or(() -> facts.number(Fact.MEMORY_BYTES))
            .map(Sourced::value)
            .orElse(null);
    Facts capped = mode == null ? facts : mode.facts().over(facts);
    return new DeviceChoice(
        profile,
        mode,
        memory,
        facts.number(Fact.SYSTEM_BYTES).map(Sourced::value).orElse(0L),
        facts
            .number(Fact.RESERVE_BYTES)
            .map(Sourced::value)
            .orElse(memory == null ? null : reserveOf(memory)),
        facts.flag(Fact.UNIFIED).orElse(null),
        bandwidth(facts, mode),
        fp16(facts, capped, mode),
        capped.number(Fact.SM_COUNT).map(Sourced::value).orElse(null));
  }

  /** The larger of 256 MiB and 5 %: what a profile without a reserve of its own leaves. */
  public static long reserveOf(long memoryBytes) {
    return Math.max(LEAST_RESERVE, memoryBytes / 20);
  }

  /** What a process of ours may hold; null where the memory is not known. */
  public @Nullable Long usableBytes() {
    return memoryBytes == null || reserveBytes == null
        ? null
        : (Long) Math.max(0, memoryBytes - systemBytes - reserveBytes);
  }

  /** {@code id} or {@code id:mode}. */
  public String label() {
    return mode == null ? profile.id() : profile.id() + ":" + mode.name();
  }

  private static @Nullable Sourced<Long> bandwidth(Facts facts, @Nullable PowerMode mode) {
    Sourced<Long> top = facts.number(Fact.BANDWIDTH).orElse(null);
    Sourced<Long> cap = mode == null ? null : mode.facts().number(Fact.EMC_HZ).orElse(null);
    Sourced<Long> bus = facts.number(Fact.BUS_BITS).orElse(null);
    if (cap == null || bus == null) {
      return top;
    }
    long capped = bus.value() / 8 * 2 * cap.value();
    return top != null && top.value() <= capped
        ? top
        : new Sourced<>(capped, Sourced.DERIVED + " bus_bits / 8 * 2 * emc_hz");
  }

  private static @Nullable Sourced<Long> fp16(Facts facts, Facts capped, @Nullable PowerMode mode) {
    Sourced<Long> sms = capped.number(Fact.SM_COUNT).orElse(null);
    Sourced<Long> hz = capped.number(Fact.GPU_HZ).orElse(null);
    Sourced<Long> each = facts.number(Fact.FP16_FLOPS_PER_SM_CLOCK).orElse(null);
    if (mode == null || sms == null || hz == null || each == null) {
      return mode == null ? facts.number(Fact.FP16_FLOPS).orElse(null) : null;
    }
    return new Sourced<>(
        sms.value() * hz.value() * each.value(),
        Sourced.DERIVED + " sm_count * gpu_hz * fp16_flops_per_sm_clock, of the mode");
  }
}
