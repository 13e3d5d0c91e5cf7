package dev.nacelle.devices.recognition;

import dev.nacelle.devices.DeviceFiles;
import dev.nacelle.devices.Machine;
import dev.nacelle.devices.Memory;
import dev.nacelle.devices.Processor;
import dev.nacelle.devices.profile.DeviceProfile;
import dev.nacelle.devices.profile.Profiles;
import dev.nacelle.devices.recognition.Recognised.Rule;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Goes through the rules, then lets the machine's own values win over the profile's. */
public final class Recogniser {
  private final DeviceFiles files;
  private final List<DeviceProfile> profiles;
  private final Profiles catalogue;
  private final @Nullable DeviceProfile own;
  private final Machine machine;
  private final @Nullable Long memory;
  private final long cores;

  private Recogniser(
      DeviceFiles files, Profiles catalogue, Machine machine, Memory memory, Processor processor) {
    this.files = files;
    this.catalogue = catalogue;
    // The user's own goes before those of ours that the same file would name.
    this.own = catalogue.own();
    List<DeviceProfile> all = new ArrayList<>(catalogue.all());
    if (own != null) {
      all.remove(own);
      all.addFirst(own);
    }
    this.profiles = List.copyOf(all);
    this.machine = machine;
    this.memory = memory.total();
    this.cores = processor.known() ? processor.threads() : 0;
  }

  /**
   * What a machine is.
   *
   * @param files its tree
   * @param profiles those that may be recognised
   */
  public static Recognised recognise(
      DeviceFiles files, Profiles profiles, Machine machine, Memory memory, Processor processor) {
    return new Recogniser(files, profiles, machine, memory, processor).run();
  }

  /** A decision before the machine's own values are held against it. */
  private record Decision(
      DeviceProfile profile, Rule rule, @Nullable String file, @Nullable String value) {}

  private Recognised run() {
    TegraFiles tegra = TegraFiles.read(files);
    PowerConfiguration power = PowerConfiguration.read(files);
    List<String> contradictions = new ArrayList<>();
    boolean isTegra = tegra.soc() != null || machine.l4t() != null;
    Decision decision = isTegra ? module(tegra, power, contradictions) : board(contradictions);
    LiveValues live = LiveValues.of(decision.profile, power, tegra, memory, cores, contradictions);
    return new Recognised(
        decision.profile,
        decision.rule,
        decision.file,
        decision.value,
        live.mode(),
        live.smCount(),
        List.copyOf(contradictions));
  }

  private Decision module(TegraFiles tegra, PowerConfiguration power, List<String> contradictions) {
    boolean isSuper = tegra.isSuper() || power.isSuper();
    TegraFiles.Text model = tegra.model();
    if (own != null && model != null && own.identity().models().contains(model.text())) {
      return new Decision(own, Rule.MODEL, model.file(), model.text());
    }
    for (boolean carriers : new boolean[] {true, false}) {
      for (TegraFiles.Text name : tegra.names()) {
        DeviceProfile found = byNumber(name.text(), carriers, isSuper);
        if (found != null) {
          return ofNumber(found, name, isSuper, contradictions);
        }
      }
    }
    if (model != null) {
      for (DeviceProfile profile : profiles) {
        if (profile.identity().models().contains(model.text())) {
          return new Decision(profile, Rule.MODEL, model.file(), model.text());
        }
      }
    }
    Decision byChip = byChip(tegra, isSuper, contradictions);
    if (byChip != null) {
      return byChip;
    }
    DeviceProfile generic = catalogue.find(Profiles.GENERIC_JETSON);
    TegraFiles.Text said = !tegra.names().isEmpty() ? tegra.names().getFirst() : tegra.soc();
    return said != null
        ? new Decision(generic, Rule.TEGRA, said.file(), said.text())
        : new Decision(generic, Rule.TEGRA, "/etc/nv_tegra_release", machine.l4t());
  }

  private @Nullable DeviceProfile byNumber(String text, boolean carriers, boolean isSuper) {
    DeviceProfile other = null;
    for (DeviceProfile profile : profiles) {
      for (String number : profile.identity().pNumbers()) {
        if (number.contains("+") == carriers && text.contains(number)) {
          if (profile.identity().isSuper() == isSuper || profile.equals(own)) {
            return profile;
          }
          other = profile.identity().isSuper() ? other : profile;
        }
      }
    }
    return other;
  }

  /** The number's module, unless its memory is another's and one sister has that memory. */
  private Decision ofNumber(
      DeviceProfile found, TegraFiles.Text name, boolean isSuper, List<String> contradictions) {
    if (Fits.memory(found, memory)) {
      return new Decision(found, Rule.P_NUMBER, name.file(), name.text());
    }
    String board = found.identity().pNumbers().getFirst().substring(0, 5);
    List<DeviceProfile> sisters =
        profiles.stream()
            .filter(p -> p.identity().pNumbers().stream().anyMatch(n -> n.startsWith(board)))
            .filter(p -> p.identity().isSuper() == isSuper)
            .filter(p -> Fits.memory(p, memory) && Fits.cores(p, cores))
            .filter(p -> !p.id().contains("industrial"))
            .toList();
    contradictions.add(Fits.memoryInWords(found, memory) + " (" + name.text() + ")");
    return sisters.size() == 1
        ? new Decision(sisters.getFirst(), Rule.P_NUMBER_AND_MEMORY, name.file(), name.text())
        : new Decision(found, Rule.P_NUMBER, name.file(), name.text());
  }

  private @Nullable Decision byChip(
      TegraFiles tegra, boolean isSuper, List<String> contradictions) {
    TegraFiles.Text soc = tegra.soc();
    if (soc == null || memory == null) {
      return null;
    }
    String model = tegra.model() == null ? "" : tegra.model().text();
    List<DeviceProfile> fitting =
        profiles.stream()
            .filter(p -> soc.text().equals(p.identity().soc()))
            .filter(p -> p.identity().isSuper() == isSuper)
            .filter(p -> !p.id().contains("devkit") && !p.id().contains("industrial"))
            .filter(p -> Fits.knownMemory(p, memory) && Fits.cores(p, cores))
            .toList();
    List<DeviceProfile> named =
        fitting.stream().filter(p -> model.contains(Fits.family(p))).toList();
    fitting = named.isEmpty() ? fitting : named;
    if (fitting.size() == 1) {
      return new Decision(
          fitting.getFirst(),
          Rule.SOC_AND_MEMORY,
          soc.file(),
          soc.text() + " with " + Fits.gib(memory));
    }
    if (!fitting.isEmpty()) {
      contradictions.add(
          soc.text()
              + " with "
              + Fits.gib(memory)
              + " could be any of "
              + String.join(", ", fitting.stream().map(DeviceProfile::id).toList()));
    }
    return null;
  }

  private Decision board(List<String> contradictions) {
    List<PciGpus.Gpu> gpus = PciGpus.read(files);
    String name = machine.gpu();
    for (PciGpus.Gpu gpu : gpus) {
      for (DeviceProfile profile : profiles) {
        if (profile.identity().pciIds().contains(gpu.id())) {
          if (name != null && !profile.identity().gpuNames().contains(name)) {
            contradictions.add(
                "the driver calls the GPU " + name + ", and " + gpu.id() + " is " + profile.name());
          }
          return new Decision(profile, Rule.PCI_ID, gpu.file(), gpu.id());
        }
      }
    }
    for (DeviceProfile profile : profiles) {
      if (name != null && profile.identity().gpuNames().contains(name)) {
        return new Decision(profile, Rule.GPU_NAME, "/proc/driver/nvidia/gpus", name);
      }
    }
    if (name != null) {
      DeviceProfile generic = catalogue.find(Profiles.GENERIC_GPU);
      return new Decision(generic, Rule.NVIDIA_GPU, "/proc/driver/nvidia/gpus", name);
    }
    if (!gpus.isEmpty()) {
      DeviceProfile generic = catalogue.find(Profiles.GENERIC_GPU);
      return new Decision(generic, Rule.NVIDIA_GPU, gpus.getFirst().file(), gpus.getFirst().id());
    }
    return new Decision(catalogue.find(Profiles.GENERIC_CPU), Rule.NO_GPU, null, null);
  }
}
