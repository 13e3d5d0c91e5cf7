package dev.nacelle.cli;

import dev.nacelle.devices.DeviceFiles;
import dev.nacelle.devices.Memory;
import dev.nacelle.devices.Processor;
import dev.nacelle.devices.profile.Fact;
import dev.nacelle.devices.recognition.Recognised;
import dev.nacelle.devices.sensor.EnergyMeter;
import dev.nacelle.devices.sensor.PowerRails;
import dev.nacelle.devices.sensor.Thermometer;
import dev.nacelle.report.Sizes;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a person reads of doctor. */
final class DoctorText {
  private DoctorText() {}

  static void print(PrintStream out, Diagnosis found) {
    line(
        out,
        "machine",
        joined(found.machine().name(), found.machine().system(), found.machine().kernel()));
    profile(out, found.recognised());
    Processor processor = found.processor();
    line(
        out,
        "processor",
        (processor.name().equals("unknown")
                ? found.recognised().profile().facts().text(Fact.CPU).orElse("unknown")
                : processor.name())
            + (processor.known()
                ? ", cores: " + processor.physicalCores() + ", threads: " + processor.threads()
                : ""));
    Memory memory = found.memory();
    line(
        out,
        "memory",
        bytes(memory.total())
            + ", "
            + bytes(memory.available())
            + " available"
            + (memory.limit() == null
                ? ""
                : ", limited to " + bytes(memory.limit()) + " by " + memory.limitFile()));
    Long multiprocessors = found.recognised().smCount();
    line(
        out,
        "gpu",
        joined(
            found.machine().gpu() != null
                ? found.machine().gpu()
                : found.recognised().profile().facts().text(Fact.GPU).orElse(null),
            multiprocessors == null ? null : multiprocessors + " multiprocessors",
            found.recognised().rule() == Recognised.Rule.NO_GPU ? "none known" : null));
    if (found.machine().l4t() != null || found.machine().cuda() != null) {
      line(
          out,
          "software",
          joined(
              found.machine().jetpack() == null ? null : "JetPack " + found.machine().jetpack(),
              found.machine().l4t() == null ? null : "L4T " + found.machine().l4t(),
              found.machine().cuda() == null ? null : "CUDA " + found.machine().cuda()));
    }
    own(out, found.software());
    for (Diagnosis.Library library : found.libraries()) {
      line(out, library.name(), joined(library.version(), library.about(), library.path()));
    }
    sensors(out, found.files());
    cuda(out, found.gpu());
    found
        .products()
        .forEach(
            chosen ->
                line(
                    out,
                    "products",
                    chosen.key()
                        + ": "
                        + chosen.shapes().entrySet().stream()
                            .map(e -> e.getKey() + " for " + e.getValue() + " classes of shapes")
                            .collect(Collectors.joining(", "))));
    if (!found.files().unread().isEmpty()) {
      line(out, "unread", String.join(", ", found.files().unread()));
    }
    faults(out, found);
  }

  private static void sensors(PrintStream out, DeviceFiles files) {
    Double hottest = Thermometer.find(files).hottest();
    Double watts = PowerRails.find(files).totalWatts();
    try (EnergyMeter meter = EnergyMeter.find(files)) {
      if (hottest != null || meter != null) {
        line(
            out,
            "sensors",
            joined(
                hottest == null ? null : String.format(Locale.ROOT, "%.1f °C", hottest),
                watts == null ? null : String.format(Locale.ROOT, "%.1f W", watts),
                meter == null ? null : "energy by " + meter.source()));
      }
    }
  }

  private static void profile(PrintStream out, Recognised recognised) {
    String value = recognised.ruleValue();
    line(
        out,
        "profile",
        recognised.profile().id()
            + ", by rule "
            + recognised.rule().label()
            + (value == null ? "" : ": " + value + " in " + recognised.ruleFile()));
    Recognised.LiveMode mode = recognised.powerMode();
    if (mode != null) {
      line(out, "power mode", joined(mode.id() + "", mode.name()));
    }
    recognised
        .profile()
        .facts()
        .text(Fact.CUDA_NEWEST)
        .ifPresent(
            newest ->
                line(
                    out,
                    "compiler",
                    "NVRTC of CUDA " + newest + " or older compiles for it, or the CPU computes"));
  }

  private static void cuda(PrintStream out, @Nullable Gpu gpu) {
    if (gpu == null) {
      return;
    }
    line(out, "cuda driver", gpu.driver() == null ? "not found" : gpu.driver());
    gpu.devices()
        .forEach(
            d ->
                line(
                    out,
                    "cuda device " + d.ordinal(),
                    d.name()
                        + ", sm_"
                        + d.architecture()
                        + ", "
                        + bytes(d.totalBytes())
                        + (d.integrated() ? " shared with the processor" : "")));
    line(
        out,
        "nvrtc",
        gpu.nvrtc() == null ? "not found" : gpu.nvrtc() + ", sm " + gpu.architectures());
    for (Gpu.Step step : gpu.steps()) {
      line(
          out,
          "  " + step.name(),
          (step.ready() ? "ready" : "no") + (step.about().isEmpty() ? "" : ", " + step.about()));
    }
  }

  private static void own(PrintStream out, @Nullable Software software) {
    if (software == null) {
      return;
    }
    line(out, "java", software.java() + ", " + software.javaHome());
    for (Software.Tool tool : software.tools()) {
      line(
          out,
          tool.name(),
          tool.path() == null ? "not found" : joined(tool.version(), tool.path()));
    }
    line(out, "cache", software.cache() + ", " + bytes(software.cacheFree()) + " free");
  }

  private static void faults(PrintStream out, Diagnosis found) {
    List<Diagnosis.Fault> faults = found.faults();
    out.println();
    for (Diagnosis.Fault fault : faults) {
      out.println((fault.blocking() ? "FAULT  " : "fault  ") + fault.what());
      out.println("       mend it: " + fault.fix());
    }
    if (found.software() != null) {
      out.println(
          found.blocked()
              ? "./nacelle finetune cannot run here."
              : "./nacelle finetune can run here.");
    }
  }

  private static void line(PrintStream out, String name, String value) {
    out.printf("%-16s %s%n", name, value);
  }

  private static String joined(@Nullable String... parts) {
    String text = Stream.of(parts).filter(p -> p != null).collect(Collectors.joining(", "));
    return text.isEmpty() ? "not known" : text;
  }

  private static String bytes(@Nullable Long bytes) {
    return bytes == null ? "not known" : Sizes.bytes(bytes);
  }
}
