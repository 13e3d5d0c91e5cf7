package dev.nacelle.cli;

import dev.nacelle.devices.profile.DeviceChoice;
import dev.nacelle.devices.profile.DeviceProfile;
import dev.nacelle.devices.profile.Fact;
import dev.nacelle.devices.profile.Facts;
import dev.nacelle.devices.profile.PowerMode;
import dev.nacelle.devices.profile.Sourced;
import dev.nacelle.report.Sizes;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a person reads of the device profiles. */
final class DevicesText {
  private DevicesText() {}

  static void list(PrintStream out, List<DeviceProfile> profiles) {
    out.printf("%-34s %10s  %4s  %9s  %s%n", "id", "memory", "cc", "bandwidth", "power modes");
    for (DeviceProfile profile : profiles) {
      Facts facts = profile.facts();
      out.printf(
          "%-34s %10s  %4s  %9s  %s%n",
          profile.id(),
          facts.number(Fact.MEMORY_BYTES).map(s -> Sizes.bytes(s.value())).orElse("live"),
          facts.text(Fact.COMPUTE_CAPABILITY).orElse(""),
          facts.number(Fact.BANDWIDTH).map(s -> rate(s.value())).orElse(""),
          profile.modes().stream()
              .map(m -> m.name() + (m.isDefault() ? "*" : ""))
              .collect(Collectors.joining(" ")));
    }
    out.println();
    out.println("* the mode that a plan takes where none is named: ID:MODE names one.");
  }

  static void one(PrintStream out, DeviceProfile profile, DeviceChoice choice) {
    out.println(profile.id() + ": " + profile.name());
    facts(out, "  ", profile.facts());
    for (PowerMode mode : profile.modes()) {
      out.println(
          "  mode " + mode.id() + " " + mode.name() + (mode.isDefault() ? ", the default" : ""));
      facts(out, "    ", mode.facts());
    }
    out.println("  a plan for " + choice.label() + " takes");
    line(out, "usable memory", choice.usableBytes() == null ? null : bytes(choice.usableBytes()));
    Sourced<Long> bandwidth = choice.bandwidth();
    line(out, "bandwidth", bandwidth == null ? null : rate(bandwidth.value()));
    Sourced<Long> flops = choice.fp16Flops();
    line(
        out,
        "fp16",
        flops == null ? null : String.format(Locale.ROOT, "%.1f TFLOP/s", flops.value() / 1e12));
  }

  private static void facts(PrintStream out, String indent, Facts facts) {
    for (Map.Entry<Fact, Sourced<?>> entry : facts.values().entrySet()) {
      Object value = entry.getValue().value();
      String text =
          entry.getKey().type() == Fact.Type.BYTES && value instanceof Long bytes
              ? bytes(bytes)
              : String.valueOf(value);
      out.printf(
          "%s%-24s %-24s %s%n", indent, entry.getKey().key(), text, entry.getValue().source());
    }
  }

  private static void line(PrintStream out, String name, @Nullable String value) {
    out.printf("    %-22s %s%n", name, value == null ? "not known" : value);
  }

  private static String bytes(long bytes) {
    return bytes + " (" + Sizes.bytes(bytes) + ")";
  }

  private static String rate(long bytes) {
    return String.format(Locale.ROOT, "%.0f GB/s", bytes / 1e9);
  }
}
