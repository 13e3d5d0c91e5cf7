package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.devices.Memory;
import dev.nacelle.devices.Processor;
import org.jspecify.annotations.Nullable;

/** What {@code doctor --json} prints: always the same keys, null for what is not known. */
final class DoctorJson {
  private DoctorJson() {}

  static ObjectNode of(Diagnosis found) {
    ObjectNode root = Json.object();
    root.putNull("profile");
    root.putObject("machine")
        .put("name", found.machine().name())
        .put("system", found.machine().system())
        .put("kernel", found.machine().kernel());
    Memory memory = found.memory();
    root.putObject("memory")
        .put("total_bytes", memory.total())
        .put("available_bytes", memory.available())
        .put("unified", found.machine().unified())
        .put("reserve_bytes", memory.reserve())
        .put("limit_bytes", memory.limit())
        .put("limit_file", memory.limitFile());
    ObjectNode software = root.putObject("software");
    software.put("l4t", found.machine().l4t()).putNull("jetpack");
    software.put("cuda", found.machine().cuda());
    own(software, found.software());
    root.putObject("power_mode").putNull("id").putNull("name");
    root.putObject("gpu")
        .put("name", found.machine().gpu())
        .putNull("compute_capability")
        .putNull("sm_count");
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
