package dev.nacelle.cli;

import dev.nacelle.devices.DeviceFiles;
import dev.nacelle.devices.LibraryFiles;
import dev.nacelle.devices.Machine;
import dev.nacelle.devices.Memory;
import dev.nacelle.devices.Processor;
import dev.nacelle.devices.profile.Profiles;
import dev.nacelle.devices.recognition.Recognised;
import dev.nacelle.devices.recognition.Recogniser;
import dev.nacelle.kernels.backend.ProductChoices;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What doctor found.
 *
 * @param recognised the profile, and the rule that chose it
 * @param software what runs Nacelle; null for a recording
 * @param gpu what there is for CUDA; null for a recording
 * @param libraries native libraries, found where
 * @param products which library multiplies, as far as measurements were made
 */
record Diagnosis(
    DeviceFiles files,
    Machine machine,
    Processor processor,
    Memory memory,
    Recognised recognised,
    @Nullable Software software,
    @Nullable Gpu gpu,
    List<Library> libraries,
    List<ProductChoices.Chosen> products,
    List<Fault> faults) {

  /**
   * A native library.
   *
   * @param path where it is; null where that is not known
   * @param version null where its files do not say
   * @param about where it comes from, or its level
   */
  record Library(String name, @Nullable String path, @Nullable String version, String about) {}

  /**
   * Something missing or wrong.
   *
   * @param fix the command that mends it
   * @param blocking whether the main job cannot run with it
   */
  record Fault(String what, String fix, boolean blocking) {}

  /** Whether {@code ./nacelle finetune} cannot run here. */
  boolean blocked() {
    return faults.stream().anyMatch(Fault::blocking);
  }

  static Diagnosis ofThisMachine(Path cache, Profiles profiles) {
    DeviceFiles files = new DeviceFiles(Path.of("/"));
    List<Fault> faults = new ArrayList<>();
    Memory memory = Memory.read(files);
    Machine machine = Machine.read(files);
    Processor processor = Processor.read(files);
    Recognised recognised = Recogniser.recognise(files, profiles, machine, memory, processor);
    Software software = Software.find(cache);
    List<Library> libraries = FoundLibraries.open(faults);
    software.faults(faults);
    MemoryFaults.of(memory, faults);
    RecognitionFaults.of(recognised, machine, faults);
    boolean kernels =
        libraries.stream().anyMatch(l -> l.name().equals("nacelle-kernels") && l.path() != null);
    return new Diagnosis(
        files,
        machine,
        processor,
        memory,
        recognised,
        software,
        Gpu.look(cache, kernels),
        libraries,
        ProductChoices.read(cache),
        faults);
  }

  static Diagnosis ofRecording(DeviceFiles files, Profiles profiles) {
    List<Fault> faults = new ArrayList<>();
    Memory memory = Memory.read(files);
    MemoryFaults.of(memory, faults);
    Machine machine = Machine.read(files);
    Processor processor = Processor.read(files);
    Recognised recognised = Recogniser.recognise(files, profiles, machine, memory, processor);
    RecognitionFaults.of(recognised, machine, faults);
    List<Library> libraries = new ArrayList<>();
    for (LibraryFiles.Found found : LibraryFiles.find(files)) {
      libraries.add(new Library(found.name(), found.path(), found.version(), "in the recording"));
    }
    return new Diagnosis(
        files, machine, processor, memory, recognised, null, null, libraries, List.of(), faults);
  }
}
