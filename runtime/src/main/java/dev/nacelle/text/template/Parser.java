package dev.nacelle.text.template;

import dev.nacelle.text.template.PrimaryParser.Tuples;
import dev.nacelle.text.template.TemplateException.Reason;
import dev.nacelle.text.template.Token.Type;
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

  private static final int MAX_DEPTH = 100;

  private final TokenStream stream;
  private final ExpressionParser expressions;
  private final PrimaryParser primaries;
  private final Deque<String> openTags = new ArrayDeque<>();
  private final Deque<List<String>> awaited = new ArrayDeque<>();
  private int loopDepth;

  private Parser(TokenStream stream) {
    this.stream = stream;
    this.expressions = new ExpressionParser(stream);
    this.primaries = expressions.primaries();
  }

  static List<Stmt> parse(String source) {
    return new Parser(new TokenStream(Lexer.tokenize(source))).statements(null);
  }

  /** Statements up to one of the end tags, whose name is then the current token. */
  private List<Stmt> statements(@Nullable List<String> ends) {
    List<Stmt> body = new ArrayList<>();
    List<Expr> output = new ArrayList<>();
    int outputLine = 0;
    if (ends != null) {
      awaited.push(ends);
    }
    while (stream.current().type() != Type.EOF) {
      Token token = stream.next();
      if (token.type() == Type.BLOCK_BEGIN) {
        flush(output, outputLine, body);
        Token tag = stream.current();
        if (ends != null && tag.type() == Type.NAME && ends.contains(tag.text())) {
          awaited.pop();
          return body;
        }
        Stmt statement = statement();
        body.add(statement);
        stream.expect(Type.BLOCK_END);
        continue;
      }
      if (output.isEmpty()) {
        outputLine = token.line();
      }
      if (token.type() == Type.DATA) {
        output.add(new Expr.Data(token.text()));
      } else {
        output.add(primaries.parseTuple(Tuples.PLAIN, null));
        stream.expect(Type.VARIABLE_END);
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
    stream.expect(Type.BLOCK_END);
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
    if (tag.type() != Type.NAME) {
      throw Failure.syntax("tag name expected", tag.line());
    }
    if (openTags.size() >= MAX_DEPTH) {
      throw new Failure(Reason.LIMIT, "tags nested deeper than " + MAX_DEPTH, tag.line());
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
          default -> {
            if (NOT_DONE.contains(tag.text())) {
              throw new Failure(Reason.UNSUPPORTED, "the tag '" + tag.text() + "'", line);
            }
            openTags.pop();
            throw unknownTag(tag.text(), line);
          }
        };
    openTags.pop();
    return statement;
  }

  private Stmt inLoop(Stmt statement, String message) {
    if (loopDepth == 0) {
      throw Failure.syntax(message, statement.line());
    }
    return statement;
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
    Expr target = target(Tuples.TARGET, "in");
    if (assigns(target, "loop")) {
      throw Failure.syntax("Can't assign to special loop variable in for-loop target", line);
    }
    stream.expectName("in");
    Expr iterable = primaries.parseTuple(Tuples.NO_CONDITIONAL, "recursive");
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
      Expr test = primaries.parseTuple(Tuples.NO_CONDITIONAL, null);
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
    Expr target = target(Tuples.NAMESPACE_TARGET, null);
    if (stream.skipOperator("=")) {
      return new Stmt.SetValue(target, primaries.parseTuple(Tuples.PLAIN, null), line);
    }
    Expr.Filter filter = stream.skipOperator("|") ? expressions.parseFilter(null) : null;
    return new Stmt.SetBlock(target, filter, bodyUntil("endset"), line);
  }

  private Stmt parseWith(int line) {
    List<Expr> targets = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (stream.current().type() != Type.BLOCK_END) {
      if (!targets.isEmpty()) {
        stream.expectOperator(",");
      }
      targets.add(target(Tuples.TARGET, null));
      stream.expectOperator("=");
      values.add(expressions.parse());
    }
    return new Stmt.With(targets, values, bodyUntil("endwith"), line);
  }

  private Stmt parsePrint(int line) {
    List<Expr> parts = new ArrayList<>();
    while (stream.current().type() != Type.BLOCK_END) {
      if (!parts.isEmpty()) {
        stream.expectOperator(",");
      }
      parts.add(expressions.parse());
    }
    return new Stmt.Output(parts, line);
  }

  private Stmt parseMacro(int line) {
    String name = targetName();
    Stmt.Signature signature = signature();
    return new Stmt.MacroDefinition(name, signature, functionBody("endmacro"), line);
  }

  private Stmt parseCall(int line) {
    Stmt.Signature signature = stream.current().isOperator("(") ? signature() : Stmt.Signature.NONE;
    if (!(expressions.parse() instanceof Expr.Call call)) {
      throw Failure.syntax("expected call", line);
    }
    return new Stmt.CallBlock(signature, call, functionBody("endcall"), line);
  }

  private Stmt.Signature signature() {
    List<String> names = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    stream.expectOperator("(");
    while (!stream.current().isOperator(")")) {
      if (!names.isEmpty()) {
        stream.expectOperator(",");
      }
      int line = stream.current().line();
      names.add(targetName());
      if (stream.skipOperator("=")) {
        defaults.add(expressions.parse());
      } else if (!defaults.isEmpty()) {
        throw Failure.syntax("non-default argument follows default argument", line);
      }
    }
    stream.expectOperator(")");
    return new Stmt.Signature(names, defaults);
  }

  private String targetName() {
    Token token = stream.expect(Type.NAME);
    checkTarget(
        RESERVED.contains(token.text()) ? new Expr.Const(true) : new Expr.Name(token.text()),
        token.line());
    return token.text();
  }

  private static final Set<String> RESERVED =
      Set.of("true", "false", "none", "True", "False", "None");

  private Expr target(Tuples kind, @Nullable String endName) {
    int line = stream.current().line();
    Expr target = primaries.parseTuple(kind, endName);
    checkTarget(target, line);
    return target;
  }

  private static void checkTarget(Expr target, int line) {
    switch (target) {
      case Expr.Name name -> {}
      case Expr.NamespaceTarget name -> {}
      case Expr.TupleLiteral tuple -> tuple.items().forEach(item -> checkTarget(item, line));
      default ->
          throw Failure.syntax(
              "can't assign to '"
                  + target
                      .getClass()
                      .getSimpleName()
                      .replace("Literal", "")
                      .toLowerCase(java.util.Locale.ROOT)
                  + "'",
              line);
    }
  }
}
