package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.devices.DeviceFiles;
import dev.nacelle.devices.Memory;
import dev.nacelle.devices.Processor;
import dev.nacelle.devices.profile.Fact;
import dev.nacelle.devices.profile.Facts;
import dev.nacelle.devices.profile.Sourced;
import dev.nacelle.devices.recognition.Recognised;
import dev.nacelle.devices.sensor.Clocks;
import dev.nacelle.devices.sensor.EnergyMeter;
import dev.nacelle.devices.sensor.PowerRails;
import dev.nacelle.devices.sensor.Thermometer;
import dev.nacelle.devices.sensor.Throttling;
import dev.nacelle.nativeaccess.cuda.CudaDeviceInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code doctor --json} prints: always the same keys, null for what is not known. */
final class DoctorJson {
  private DoctorJson() {}

  static ObjectNode of(Diagnosis found) {
    ObjectNode root = Json.object();
    Recognised recognised = found.recognised();
    Facts facts = recognised.profile().facts();
    root.putObject("profile")
        .put("id", recognised.profile().id())
        .put("name", recognised.profile().name())
        .put("rule", recognised.rule().label())
        .put("rule_file", recognised.ruleFile())
        .put("rule_value", recognised.ruleValue())
        .put("cuda_newest", facts.text(Fact.CUDA_NEWEST).orElse(null));
    root.putObject("machine")
        .put("name", found.machine().name())
        .put("system", found.machine().system())
        .put("kernel", found.machine().kernel());
    Memory memory = found.memory();
    root.putObject("memory")
        .put("total_bytes", memory.total())
        .put("available_bytes", memory.available())
        .put("unified", facts.flag(Fact.UNIFIED).orElse(null))
        .put("reserve_bytes", reserve(found))
        .put("limit_bytes", memory.limit())
        .put("limit_file", memory.limitFile());
    ObjectNode software = root.putObject("software");
    software.put("l4t", found.machine().l4t()).put("jetpack", found.machine().jetpack());
    software.put("cuda", found.machine().cuda());
    own(software, found.software());
    Recognised.LiveMode mode = recognised.powerMode();
    root.putObject("power_mode")
        .put("id", mode == null ? null : mode.id())
        .put("name", mode == null ? null : mode.name());
    graphics(root.putObject("gpu"), found);
    Processor processor = found.processor();
    root.putObject("cpu")
        .put("cores", processor.known() ? processor.physicalCores() : null)
        .put("threads", processor.known() ? processor.threads() : null)
        .put("name", processor.name().equals("unknown") ? null : processor.name());
    ArrayNode libraries = root.putArray("libraries");
    for (Diagnosis.Library library : found.libraries()) {
      libraries
          .addObject()
          .put("name", library.name())
          .put("path", library.path())
          .put("version", library.version())
          .put("about", library.about());
    }
    ObjectNode sensors = root.putObject("sensors");
    sensors(sensors, found.files());
    GpuSensors.put(
        sensors.putArray("nvml"), found.files().isThisMachine() ? GpuSensors.read() : List.of());
    cuda(root, found.gpu());
    ArrayNode products = root.putArray("products");
    found
        .products()
        .forEach(
            chosen -> {
              ObjectNode shapes = products.addObject().put("key", chosen.key()).putObject("shapes");
              chosen.shapes().forEach(shapes::put);
            });
    ArrayNode faults = root.putArray("faults");
    for (Diagnosis.Fault fault : found.faults()) {
      faults
          .addObject()
          .put("what", fault.what())
          .put("fix", fault.fix())
          .put("blocking", fault.blocking());
    }
    ArrayNode unread = root.putArray("unread");
    found.files().unread().forEach(unread::add);
    return root;
  }

  private static void sensors(ObjectNode sensors, DeviceFiles files) {
    try (EnergyMeter meter = EnergyMeter.find(files)) {
      sensors.put("energy", meter == null ? null : meter.source());
    }
    ObjectNode watts = sensors.putObject("watts");
    PowerRails.find(files).watts().forEach(watts::put);
    ObjectNode celsius = sensors.putObject("celsius");
    Thermometer.find(files).celsius().forEach(celsius::put);
    ObjectNode hertz = sensors.putObject("hertz");
    Clocks.hertz(files).forEach(hertz::put);
    ArrayNode throttling = sensors.putArray("throttling");
    Throttling.find(files).reasons().forEach(throttling::add);
  }

  /** The driver first, then what the files say, then the table. */
  private static void graphics(ObjectNode gpu, Diagnosis found) {
    Facts facts = found.recognised().profile().facts();
    Gpu opened = found.gpu();
    CudaDeviceInfo device =
        opened == null || opened.devices().isEmpty() ? null : opened.devices().getFirst();
    String name = found.machine().gpu();
    name = name == null && device != null ? device.name() : name;
    gpu.put("name", name == null ? facts.text(Fact.GPU).orElse(null) : name)
        .put(
            "compute_capability",
            device == null
                ? facts.text(Fact.COMPUTE_CAPABILITY).orElse(null)
                : device.major() + "." + device.minor())
        .put(
            "sm_count",
            device == null ? found.recognised().smCount() : (Long) (long) device.multiprocessors());
  }

  private static @Nullable Long reserve(Diagnosis found) {
    return found
        .recognised()
        .profile()
        .facts()
        .number(Fact.RESERVE_BYTES)
        .map(Sourced::value)
        .orElse(found.memory().reserve());
  }

  private static void cuda(ObjectNode root, @Nullable Gpu gpu) {
    if (gpu == null) {
      root.putNull("cuda");
      return;
    }
    ObjectNode cuda = root.putObject("cuda");
    cuda.put("driver", gpu.driver()).put("why_no_driver", gpu.whyNoDriver());
    ArrayNode devices = cuda.putArray("devices");
    gpu.devices()
        .forEach(
            d ->
                devices
                    .addObject()
                    .put("ordinal", d.ordinal())
                    .put("name", d.name())
                    .put("compute_capability", d.major() + "." + d.minor())
                    .put("memory_bytes", d.totalBytes())
                    .put("multiprocessors", d.multiprocessors())
                    .put("integrated", d.integrated()));
    cuda.put("nvrtc", gpu.nvrtc()).put("why_no_nvrtc", gpu.whyNoNvrtc());
    ArrayNode architectures = cuda.putArray("architectures");
    gpu.architectures().forEach(architectures::add);
    ArrayNode ladder = cuda.putArray("ladder");
    gpu.steps()
        .forEach(
            s ->
                ladder
                    .addObject()
                    .put("step", s.name())
                    .put("ready", s.ready())
                    .put("about", s.about()));
  }

  private static void own(ObjectNode out, @Nullable Software software) {
    if (software == null) {
      return;
    }
    out.put("nacelle", Version.VERSION);
    out.putObject("java").put("version", software.java()).put("path", software.javaHome());
    for (Software.Tool tool : software.tools()) {
      if (tool.path() == null) {
        out.putNull(tool.name());
      } else {
        out.putObject(tool.name()).put("path", tool.path()).put("version", tool.version());
      }
    }
    out.putObject("cache")
        .put("path", software.cache().toString())
        .put("free_bytes", software.cacheFree());
  }
}
