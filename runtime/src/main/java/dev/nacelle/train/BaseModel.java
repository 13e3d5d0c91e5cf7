package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.LayerAdapter;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.StoredAs;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.layer.Linear;
import dev.nacelle.model.ConfigReader;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.model.GgufModel;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.text.ChatTemplate;
import dev.nacelle.text.Tokenizer;
import dev.nacelle.text.gguf.GgufText;
import dev.nacelle.text.template.ChatTemplates;
import dev.nacelle.text.template.SpecialTokens;
import dev.nacelle.text.tokenizer.TokenizerJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A model as it lies on disk: configuration, weights, tokenizer, chat template. Opening it reads
 * everything but the weights, so that what we do not do is refused before any of them is touched.
 */
public final class BaseModel implements AutoCloseable {
  private static final List<String> TEXT_FILES =
      List.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "chat_template.jinja",
          "model.safetensors.index.json");

  private final Path path;
  private final TensorSource source;
  private final ModelConfig config;
  private final Supplier<Words> reader;
  private @Nullable Words words;
  private boolean handedOver;

  private BaseModel(Path path, TensorSource source, ModelConfig config, Supplier<Words> reader) {
    this.path = path;
    this.source = source;
    this.config = config;
    this.reader = reader;
  }

  /** How texts become tokens. */
  private record Words(Tokenizer tokenizer, ChatTemplate template, OptionalInt eosId) {}

  /**
   * Opens a Hugging Face folder or a GGUF file.
   *
   * @throws NacelleException of kind INPUT for what is missing, malformed or not done by us
   */
  public static BaseModel open(Path path, FaultInjector faults) {
    BaseModel model = openHeaders(path, faults);
    try {
      Words ignored = model.words();
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /**
   * The same; the tokenizer is read when it is first asked for, which for a large vocabulary takes
   * longer than all else.
   */
  static BaseModel openHeaders(Path path, FaultInjector faults) {
    if (!Files.exists(path)) {
      throw NacelleException.input(
          "there is no model at " + path,
          "give --model a Hugging Face folder, a .gguf file or a name that pull knows");
    }
    return Files.isRegularFile(path) ? openGguf(path, faults) : openFolder(path, faults);
  }

  private static BaseModel openFolder(Path path, FaultInjector faults) {
    HfFolder folder = HfFolder.open(path, faults);
    try {
      ModelConfig config = ConfigReader.read(folder);
      return new BaseModel(path, folder, config, () -> words(path, config));
    } catch (RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  private static BaseModel openGguf(Path path, FaultInjector faults) {
    GgufFile file = GgufFile.open(path, faults);
    try {
      GgufModel source = GgufModel.of(file);
      return new BaseModel(path, source, source.config(), () -> words(file, path));
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static Words words(Path path, ModelConfig config) {
    Tokenizer tokenizer = TokenizerJson.load(path.resolve("tokenizer.json"));
    String eos = SpecialTokens.load(path).eos();
    OptionalInt eosId = eos == null ? OptionalInt.empty() : tokenizer.id(eos);
    if (eosId.isEmpty() && !config.eosTokenIds().isEmpty()) {
      eosId = OptionalInt.of(config.eosTokenIds().getFirst());
    }
    return new Words(tokenizer, ChatTemplates.load(path), eosId);
  }

  private static Words words(GgufFile file, Path path) {
    GgufText text = GgufText.read(file, path);
    return new Words(text.tokenizer(), text.template(), text.eosId());
  }

  private Words words() {
    Words known = words;
    if (known == null) {
      known = reader.get();
      words = known;
    }
    return known;
  }

  public Path path() {
    return path;
  }

  /** The files that say what the model computes and how texts become tokens. */
  List<Path> files() {
    if (!(source instanceof HfFolder folder)) {
      return List.of(path);
    }
    List<Path> files = new ArrayList<>();
    for (String name : TEXT_FILES) {
      if (Files.exists(path.resolve(name))) {
        files.add(path.resolve(name));
      }
    }
    folder.files().forEach(weights -> files.add(weights.path()));
    return files;
  }

  public ModelConfig config() {
    return config;
  }

  public Tokenizer tokenizer() {
    return words().tokenizer();
  }

  public ChatTemplate template() {
    return words().template();
  }

  /** The token that ends a text; empty where the model names none. */
  public OptionalInt eosId() {
    return words().eosId();
  }

  /** The tokens that end a generation. */
  public Set<Integer> endTokens() {
    Set<Integer> ends = new LinkedHashSet<>(config.eosTokenIds());
    eosId().ifPresent(ends::add);
    return ends;
  }

  /** What fills padded rows: the pad token, or whatever the vocabulary has. */
  public int padId() {
    Integer pad = config.padTokenId();
    return pad == null ? eosId().orElse(0) : pad;
  }

  /** The model with its weights; this object's file goes over to it. Once only. */
  public DecoderModel load(Engine engine, DType compute) {
    handedOver = true;
    return DecoderModel.load(source, config, engine, compute);
  }

  /**
   * The model as its headers describe it, for a walk without kernels: no weight is read. It is good
   * while this object is open, and need not be closed.
   *
   * @param layers blocks that it has, the first ones
   */
  public DecoderModel rehearse(Engine engine, DType compute, int layers) {
    return DecoderModel.load(source, config.withLayers(layers), engine, compute);
  }

  /** The form in which a weight is stored: {@code fp32}, {@code bf16}, {@code q4_1} say. */
  public String form(String name) {
    TensorEntry entry = source.find(name);
    if (entry == null) {
      return DType.FP32.label();
    }
    StoredAs stored = source.stored(entry);
    BlockFormat blocks = stored.blocks();
    DType dtype = stored.dtype();
    if (blocks != null) {
      return blocks.name().toLowerCase(Locale.ROOT);
    }
    return dtype == null ? DType.FP32.label() : dtype.label();
  }

  /** Bytes of the mapped files that hold no weights: headers, vocabulary, metadata. */
  public long headerBytes() {
    long sum = 0;
    for (Path file : files()) {
      String name = file.toString();
      if (name.endsWith(".safetensors") || name.endsWith(".gguf")) {
        sum += file.toFile().length();
      }
    }
    for (TensorEntry entry : source.entries().values()) {
      sum -= entry.bytes();
    }
    return Math.max(0, sum);
  }

  /** The modules of a loaded model that an adapter may sit on. */
  public static List<Adapter.Module> modules(DecoderModel model) {
    return model.linears().stream()
        .map(l -> new Adapter.Module(l.path(), l.weight().size(0), l.weight().size(1)))
        .toList();
  }

  /** Sets the adapter on the model's layers. */
  public static void install(DecoderModel model, Adapter adapter) {
    Map<String, LayerAdapter> layers = new HashMap<>();
    adapter.layers().forEach(layer -> layers.putIfAbsent(layer.modulePath(), layer));
    for (Linear linear : model.linears()) {
      LayerAdapter layer = layers.get(linear.path());
      if (layer != null) {
        linear.adapt(layer);
      }
    }
    model.train(adapter.whole());
  }

  /** Takes off whatever adapter the model has. */
  static void uninstall(DecoderModel model) {
    model.linears().forEach(linear -> linear.adapt(null));
    model.train(List.of());
  }

  @Override
  public void close() {
    if (!handedOver) {
      source.close();
    }
  }
}
