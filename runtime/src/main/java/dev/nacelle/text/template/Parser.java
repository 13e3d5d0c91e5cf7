package dev.nacelle.text.template;

import dev.nacelle.text.template.PrimaryParser.Tuples;
import dev.nacelle.text.template.TemplateException.Reason;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tokens to statements. */
final class Parser {
  /** Tags that Jinja has and chat templates cannot mean: there is nothing to load from. */
  private static final Set<String> NOT_DONE =
      Set.of("include", "import", "from", "extends", "block", "autoescape");

  private static final Set<String> TAGS =
      Set.of(
          "for",
          "if",
          "set",
          "macro",
          "call",
          "filter",
          "with",
          "print",
          "generation",
          "break",
          "continue");

  private static final int MAX_DEPTH = 100;

  private final TokenStream stream;
  private final ExpressionParser expressions;
  private final PrimaryParser primaries;
  private final TargetParser targets;
  private final Deque<String> openTags = new ArrayDeque<>();
  private final Deque<List<String>> awaited = new ArrayDeque<>();
  private int loopDepth;

  /** What only Jinja's compiler finds, after all of the template was parsed. */
  private @Nullable Failure misplaced;

  private Parser(TokenStream stream) {
    this.stream = stream;
    this.expressions = new ExpressionParser(stream);
    this.primaries = expressions.primaries();
    this.targets = new TargetParser(stream, expressions);
  }

  static List<Stmt> parse(String source) {
    Parser parser = new Parser(new TokenStream(Lexer.tokenize(source)));
    List<Stmt> template = parser.statements(null);
    if (parser.misplaced != null) {
      throw parser.misplaced;
    }
    return template;
  }

  /** Statements up to one of the end tags, whose name is then the current token. */
  private List<Stmt> statements(@Nullable List<String> ends) {
    List<Stmt> body = new ArrayList<>();
    List<Expr> output = new ArrayList<>();
    int outputLine = 0;
    if (ends != null) {
      awaited.push(ends);
    }
    while (stream.current().type() != TokenType.EOF) {
      Token token = stream.next();
      if (token.type() == TokenType.BLOCK_BEGIN) {
        flush(output, outputLine, body);
        Token tag = stream.current();
        if (ends != null && tag.type() == TokenType.NAME && ends.contains(tag.text())) {
          awaited.pop();
          return body;
        }
        Stmt statement = statement();
        body.add(statement);
        stream.expect(TokenType.BLOCK_END);
        continue;
      }
      if (output.isEmpty() || token.type() == TokenType.VARIABLE_BEGIN) {
        // a statement for each print, so that messages name its line
        flush(output, outputLine, body);
        outputLine = token.line();
      }
      if (token.type() == TokenType.DATA) {
        output.add(new Expr.Data(token.text()));
      } else {
        output.add(primaries.parseTuple(Tuples.PLAIN));
        stream.expect(TokenType.VARIABLE_END);
      }
    }
    flush(output, outputLine, body);
    if (ends != null) {
      throw unknownTag(null, stream.current().line());
    }
    return body;
  }

  private static void flush(List<Expr> output, int line, List<Stmt> body) {
    if (!output.isEmpty()) {
      body.add(new Stmt.Output(List.copyOf(output), line));
      output.clear();
    }
  }

  /** The body of a tag up to its end tag, which is dropped. */
  private List<Stmt> bodyUntil(String end) {
    List<Stmt> body = bodyUntilOneOf(List.of(end));
    stream.next();
    return body;
  }

  private List<Stmt> bodyUntilOneOf(List<String> ends) {
    stream.skipOperator(":");
    stream.expect(TokenType.BLOCK_END);
    return statements(ends);
  }

  /** A body that Jinja compiles to a function of its own: no loop around it can be left. */
  private List<Stmt> functionBody(String end) {
    int outer = loopDepth;
    loopDepth = 0;
    List<Stmt> body = bodyUntil(end);
    loopDepth = outer;
    return body;
  }

  private Stmt statement() {
    Token tag = stream.current();
    if (tag.type() != TokenType.NAME) {
      throw Failure.syntax("tag name expected", tag.line());
    }
    if (openTags.size() >= MAX_DEPTH) {
      throw new Failure(Reason.LIMIT, "tags nested deeper than " + MAX_DEPTH, tag.line());
    }
    if (!TAGS.contains(tag.text()) && !NOT_DONE.contains(tag.text())) {
      throw unknownTag(tag.text(), tag.line());
    }
    openTags.push(tag.text());
    stream.next();
    int line = tag.line();
    Stmt statement =
        switch (tag.text()) {
          case "for" -> parseFor(line);
          case "if" -> parseIf(line);
          case "set" -> parseSet(line);
          case "macro" -> parseMacro(line);
          case "call" -> parseCall(line);
          case "filter" -> {
            Expr.Filter filter = expressions.parseFilter(null);
            yield new Stmt.FilterBlock(filter, bodyUntil("endfilter"), line);
          }
          case "with" -> parseWith(line);
          case "print" -> parsePrint(line);
          case "generation" -> new Stmt.Generation(functionBody("endgeneration"), line);
          case "break" -> inLoop(new Stmt.Break(line), "'break' outside loop");
          case "continue" -> inLoop(new Stmt.Continue(line), "'continue' not properly in loop");
          default -> throw new Failure(Reason.UNSUPPORTED, "the tag '" + tag.text() + "'", line);
        };
    openTags.pop();
    return statement;
  }

  private Stmt inLoop(Stmt statement, String message) {
    if (loopDepth == 0) {
      misplace(message, statement.line());
    }
    return statement;
  }

  private void misplace(String message, int line) {
    if (misplaced == null) {
      misplaced = Failure.syntax(message, line);
    }
  }

  private Failure unknownTag(@Nullable String name, int line) {
    StringBuilder message =
        new StringBuilder(
            name == null
                ? "Unexpected end of template."
                : "Encountered unknown tag '" + name + "'.");
    List<String> wanted = awaited.peek();
    if (wanted != null) {
      String looking = "'" + String.join("' or '", wanted) + "'";
      boolean known = name != null && awaited.stream().anyMatch(ends -> ends.contains(name));
      message.append(
          known
              ? " You probably made a nesting mistake. Jinja is expecting this tag, but currently"
                  + " looking for "
                  + looking
                  + "."
              : " Jinja was looking for the following tags: " + looking + ".");
    }
    String open = openTags.peek();
    if (open != null) {
      message.append(" The innermost block that needs to be closed is '").append(open).append("'.");
    }
    return Failure.syntax(message.toString(), line);
  }

  private Stmt parseFor(int line) {
    Expr target = targets.target(Tuples.TARGET);
    if (assigns(target, "loop")) {
      misplace("Can't assign to special loop variable in for-loop target", line);
    }
    stream.expectName("in");
    Expr iterable = primaries.parseTuple(Tuples.NO_CONDITIONAL);
    Expr test = stream.skipName("if") ? expressions.parse() : null;
    boolean recursive = stream.skipName("recursive");
    loopDepth++;
    List<Stmt> body = bodyUntilOneOf(List.of("endfor", "else"));
    loopDepth--;
    List<Stmt> otherwise = List.of();
    if (stream.next().text().equals("else")) {
      otherwise = bodyUntil("endfor");
    }
    return new Stmt.For(target, iterable, test, recursive, body, otherwise, line);
  }

  private static boolean assigns(Expr target, String name) {
    return switch (target) {
      case Expr.Name n -> n.name().equals(name);
      case Expr.TupleLiteral t -> t.items().stream().anyMatch(item -> assigns(item, name));
      default -> false;
    };
  }

  private Stmt parseIf(int line) {
    List<Stmt.Branch> branches = new ArrayList<>();
    List<Stmt> otherwise = List.of();
    int branchLine = line;
    while (true) {
      Expr test = primaries.parseTuple(Tuples.NO_CONDITIONAL);
      List<Stmt> body = bodyUntilOneOf(List.of("elif", "else", "endif"));
      branches.add(new Stmt.Branch(test, body, branchLine));
      Token end = stream.next();
      branchLine = end.line();
      if (end.text().equals("else")) {
        otherwise = bodyUntil("endif");
      }
      if (!end.text().equals("elif")) {
        return new Stmt.If(branches, otherwise, line);
      }
    }
  }

  private Stmt parseSet(int line) {
    Expr target = targets.target(Tuples.NAMESPACE_TARGET);
    if (stream.skipOperator("=")) {
      return new Stmt.SetValue(target, primaries.parseTuple(Tuples.PLAIN), line);
    }
    Expr.Filter filter = stream.skipOperator("|") ? expressions.parseFilter(null) : null;
    return new Stmt.SetBlock(target, filter, bodyUntil("endset"), line);
  }

  private Stmt parseWith(int line) {
    List<Expr> names = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (stream.current().type() != TokenType.BLOCK_END) {
      if (!names.isEmpty()) {
        stream.expectOperator(",");
      }
      names.add(targets.target(Tuples.TARGET));
      stream.expectOperator("=");
      values.add(expressions.parse());
    }
    return new Stmt.With(names, values, bodyUntil("endwith"), line);
  }

  private Stmt parsePrint(int line) {
    List<Expr> parts = new ArrayList<>();
    while (stream.current().type() != TokenType.BLOCK_END) {
      if (!parts.isEmpty()) {
        stream.expectOperator(",");
      }
      parts.add(expressions.parse());
    }
    return new Stmt.Output(parts, line);
  }

  private Stmt parseMacro(int line) {
    String name = targets.name();
    Stmt.Signature signature = targets.signature();
    return new Stmt.MacroDefinition(name, signature, functionBody("endmacro"), line);
  }

  private Stmt parseCall(int line) {
    Stmt.Signature signature =
        stream.current().isOperator("(") ? targets.signature() : Stmt.Signature.NONE;
    if (!(expressions.parse() instanceof Expr.Call call)) {
      throw Failure.syntax("expected call", line);
    }
    return new Stmt.CallBlock(signature, call, functionBody("endcall"), line);
  }
}
