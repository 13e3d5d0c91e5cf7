package dev.nacelle;

import dev.nacelle.data.DataFormat;
import dev.nacelle.data.TokenizeOptions;
import dev.nacelle.data.TrainOn;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a model is measured on: immutable, checked when it is built. Options and rules are those of
 * {@code ./nacelle eval}.
 */
public final class Evaluation {
  private final List<Path> data;
  private final int batchSize;
  private final TokenizeOptions tokenizing;

  private Evaluation(List<Path> data, int batchSize, TokenizeOptions tokenizing) {
    this.data = data;
    this.batchSize = batchSize;
    this.tokenizing = tokenizing;
  }

  /** Begins a description. */
  public static Builder builder() {
    return new Builder();
  }

  List<Path> data() {
    return data;
  }

  int batchSize() {
    return batchSize;
  }

  TokenizeOptions tokenizing() {
    return tokenizing;
  }

  /** Collects options: data is needed, the others have a default. */
  public static final class Builder {
    private final List<Path> data = new ArrayList<>();
    private int maxLength = 512;
    private int batchSize = 4;
    private DataShape format = DataShape.AUTO;
    private TrainedTokens trainOn = TrainedTokens.COMPLETIONS;
    private boolean skipBadLines;

    private Builder() {}

    /** JSON lines or one JSON array, also gzipped; several files are read one after the other. */
    public Builder setData(Path... files) {
      data.addAll(List.of(files));
      return this;
    }

    /** Tokens a sample, from 2 on; longer ones are cut at their end; default 512. */
    public Builder optMaxLength(int tokens) {
      maxLength = tokens;
      return this;
    }

    /** Samples that go through the model together; default 4. */
    public Builder optBatchSize(int samples) {
      batchSize = samples;
      return this;
    }

    /** The shape of every record; default recognised. */
    public Builder optFormat(DataShape value) {
      format = value;
      return this;
    }

    /** Which tokens count; default completions. */
    public Builder optTrainOn(TrainedTokens value) {
      trainOn = value;
      return this;
    }

    /** Whether a bad line is counted and left out instead of an error; default false. */
    public Builder optSkipBadLines(boolean skip) {
      skipBadLines = skip;
      return this;
    }

    /**
     * The description.
     *
     * @throws NacelleException of kind USAGE where there is no data or a value is not possible
     */
    public Evaluation build() {
      if (data.isEmpty()) {
        throw NacelleException.usage("an evaluation needs data", "call setData");
      }
      if (maxLength < 2) {
        throw NacelleException.usage(
            "--max-length " + maxLength + " is not possible", "choose 2 or more");
      }
      if (batchSize < 1) {
        throw NacelleException.usage(
            "--batch-size " + batchSize + " is not possible", "choose 1 or more");
      }
      return new Evaluation(
          List.copyOf(data),
          batchSize,
          new TokenizeOptions(
              maxLength,
              TrainOn.valueOf(trainOn.name()),
              DataFormat.valueOf(format.name()),
              skipBadLines));
    }
  }
}
