package dev.nacelle.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.text.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a record's bytes as one of the five shapes. */
final class ExampleParser {
  private static final Map<String, String> ROLES =
      Map.of("system", "system", "user", "user", "assistant", "assistant", "tool", "tool");
  private static final Map<String, String> SPEAKERS =
      Map.of(
          "system",
          "system",
          "human",
          "user",
          "user",
          "user",
          "gpt",
          "assistant",
          "assistant",
          "assistant",
          "tool",
          "tool");

  private ExampleParser() {}

  static Example parse(byte[] bytes, DataFormat forced) throws BadRecordException {
    JsonRecord.Fields record = JsonRecord.read(bytes);
    Map<String, JsonNode> fields = record.fields();
    DataFormat format = forced == DataFormat.AUTO ? recognise(record) : forced;
    return switch (format) {
      case MESSAGES ->
          new Example.Conversation(
              turns(required(fields, "messages", format), "messages", "role", "content", ROLES), 0);
      case SHAREGPT ->
          new Example.Conversation(
              turns(
                  required(fields, "conversations", format),
                  "conversations",
                  "from",
                  "value",
                  SPEAKERS),
              0);
      case ALPACA -> alpaca(fields);
      case PROMPT_COMPLETION -> promptCompletion(fields);
      case TEXT -> new Example.Text(filled(required(fields, "text", format), "text"));
      case AUTO -> throw new IllegalStateException("recognise never answers auto");
    };
  }

  /** A JSON list of {role, content}, as {@code tokenize --chat} takes it. */
  static List<Message> messages(byte[] bytes) throws BadRecordException {
    return turns(JsonRecord.tree(bytes), "the list", "role", "content", ROLES);
  }

  private static DataFormat recognise(JsonRecord.Fields record) throws BadRecordException {
    Map<String, JsonNode> fields = record.fields();
    if (fields.containsKey("messages")) {
      return DataFormat.MESSAGES;
    }
    if (fields.containsKey("conversations")) {
      return DataFormat.SHAREGPT;
    }
    if (fields.containsKey("instruction") && fields.containsKey("output")) {
      return DataFormat.ALPACA;
    }
    if (fields.containsKey("prompt") && fields.containsKey("completion")) {
      return DataFormat.PROMPT_COMPLETION;
    }
    if (fields.containsKey("text")) {
      return DataFormat.TEXT;
    }
    List<String> found = new ArrayList<>(fields.keySet());
    found.addAll(record.others());
    throw new BadRecordException(
        "no known shape: it needs messages, conversations, instruction and output, prompt and"
            + " completion, or text, and has "
            + (found.isEmpty() ? "nothing" : String.join(", ", found)));
  }

  private static Example alpaca(Map<String, JsonNode> fields) throws BadRecordException {
    String user = filled(required(fields, "instruction", DataFormat.ALPACA), "instruction");
    JsonNode input = fields.get("input");
    if (input != null && !string(input, "input").isEmpty()) {
      user += "\n\n" + input.textValue();
    }
    String output = filled(required(fields, "output", DataFormat.ALPACA), "output");
    return new Example.Conversation(
        List.of(new Message("user", user), new Message("assistant", output)), 0);
  }

  private static Example promptCompletion(Map<String, JsonNode> fields) throws BadRecordException {
    JsonNode prompt = required(fields, "prompt", DataFormat.PROMPT_COMPLETION);
    JsonNode completion = required(fields, "completion", DataFormat.PROMPT_COMPLETION);
    if (prompt.isTextual() && completion.isTextual()) {
      return new Example.Completion(filled(prompt, "prompt"), filled(completion, "completion"));
    }
    if (prompt.isArray() && completion.isArray()) {
      List<Message> messages = new ArrayList<>(turns(prompt, "prompt", "role", "content", ROLES));
      int given = messages.size();
      messages.addAll(turns(completion, "completion", "role", "content", ROLES));
      return new Example.Conversation(List.copyOf(messages), given);
    }
    throw new BadRecordException(
        "prompt is %s and completion is %s; both are strings or both are lists of messages"
            .formatted(kind(prompt), kind(completion)));
  }

  private static List<Message> turns(
      JsonNode list, String name, String roleField, String textField, Map<String, String> roles)
      throws BadRecordException {
    if (!list.isArray()) {
      throw new BadRecordException(name + " is " + kind(list) + ", not a list of messages");
    }
    if (list.isEmpty()) {
      throw new BadRecordException(name + " is empty");
    }
    List<Message> messages = new ArrayList<>(list.size());
    for (int i = 0; i < list.size(); i++) {
      JsonNode turn = list.get(i);
      String where = name + "[" + i + "]";
      if (!turn.isObject()) {
        throw new BadRecordException(where + " is " + kind(turn) + ", not an object");
      }
      String role = string(turn.get(roleField), where + "." + roleField);
      String known = roles.get(role);
      if (known == null) {
        throw new BadRecordException(
            "%s.%s is %s, none of %s"
                .formatted(
                    where,
                    roleField,
                    Quote.quote(role),
                    String.join(", ", roles.keySet().stream().sorted().toList())));
      }
      String text = string(turn.get(textField), where + "." + textField);
      // An empty system prompt and a tool that answers nothing are common and mean something.
      if (text.isEmpty() && (known.equals("user") || known.equals("assistant"))) {
        throw new BadRecordException(where + "." + textField + " is empty");
      }
      messages.add(new Message(known, text));
    }
    return List.copyOf(messages);
  }

  private static JsonNode required(Map<String, JsonNode> fields, String name, DataFormat format)
      throws BadRecordException {
    JsonNode value = fields.get(name);
    if (value == null) {
      throw new BadRecordException(
          "the field \"" + name + "\" of the shape " + format.word() + " is missing or null");
    }
    return value;
  }

  private static String filled(JsonNode value, String name) throws BadRecordException {
    String text = string(value, name);
    if (text.isEmpty()) {
      throw new BadRecordException(name + " is empty");
    }
    return text;
  }

  private static String string(@Nullable JsonNode value, String name) throws BadRecordException {
    if (value == null) {
      throw new BadRecordException(name + " is missing");
    }
    if (!value.isTextual()) {
      throw new BadRecordException(name + " is " + kind(value) + ", not a string");
    }
    return value.textValue();
  }

  private static String kind(JsonNode value) {
    return switch (value.getNodeType()) {
      case ARRAY -> "a list";
      case BOOLEAN -> "a boolean";
      case NULL -> "null";
      case NUMBER -> "a number";
      case OBJECT -> "an object";
      case STRING -> "a string";
      default -> "no value";
    };
  }
}
