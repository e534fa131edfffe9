import io.apicurio.registry.serde.avro.AvroKafkaDeserializer;
import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A department that takes the hub's work orders and reports on them, with stock serialisers.
 *
 * <pre>
 * mvn -q dependency:copy-dependencies -DoutputDirectory=lib
 * java -cp 'lib/*' Department.java procurement
 * </pre>
 *
 * Kafka and the schema registry (any worker of the hub is one) are where BOOTSTRAP and REGISTRY say. Where Kafka demands
 * a login, KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_CAFILE (who signs its certificate) are it.
 */
public final class Department {
  private static final String BOOTSTRAP = System.getenv().getOrDefault("BOOTSTRAP", "127.0.0.1:9092");
  private static final String REGISTRY = System.getenv().getOrDefault("REGISTRY", "http://127.0.0.1:9464");

  /** What a department says of a work order, one after the other. */
  private static final Map<String, List<String>> STEPS =
      Map.of(
          "production", List.of("accepted", "produced"),
          "procurement", List.of("accepted", "received"),
          "logistics", List.of("accepted", "shipped", "delivered"));

  private static final Map<String, Object> SERDES =
      Map.of(
          "apicurio.registry.url", REGISTRY + "/apis/registry/v2",
          "apicurio.registry.as-confluent", true,
          "apicurio.registry.find-latest", true,
          "apicurio.registry.headers.enabled", false);

  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 1 || !STEPS.containsKey(arguments[0])) {
      System.err.println("usage: java -cp 'lib/*' Department.java production|procurement|logistics");
      System.exit(2);
    }
    String department = arguments[0];
    String status = department + ".status";
    Schema schema = new Schema.Parser().parse(latestSchema(status + "-value"));
    try (var consumer = consumer(department);
        var producer = producer()) {
      consumer.subscribe(List.of(department + ".orders"));
      System.out.println(department + " waits for work on " + department + ".orders");
      while (true) {
        for (ConsumerRecord<String, GenericRecord> record : consumer.poll(Duration.ofSeconds(1))) {
          GenericRecord order = record.value();
          int lines = ((Collection<?>) order.get("lines")).size();
          System.out.println(order.get("action") + " " + order.get("work_order_id") + ": " + lines + " lines");
          if (order.get("action").toString().equals("cancel")) {
            continue;
          }
          List<Future<RecordMetadata>> sent = new ArrayList<>();
          for (String kind : STEPS.get(department)) { // your own work goes here
            GenericRecord report = report(schema, order, kind);
            sent.add(producer.send(new ProducerRecord<>(status, order.get("order_id").toString(), report)));
          }
          for (Future<RecordMetadata> each : sent) {
            each.get(); // throws where Kafka did not acknowledge: started again, this goes on where it was
          }
        }
        consumer.commitSync(); // only now: whatever ends this program, no work order is forgotten
      }
    }
  }

  /**
   * That the department has done something; no lines means all that the work order still lacks. One that is named is a
   * record of schema.getField("lines").schema().getElementType(), with line_id and quantity ("40"), which comes on top of
   * what was reported before.
   */
  private static GenericRecord report(Schema schema, GenericRecord order, String kind) {
    return new GenericRecordBuilder(schema)
        // The same id whenever the same is reported: the hub lets it take effect once.
        .set("event_id", order.get("work_order_id") + "-" + order.get("revision") + "-" + kind)
        .set("source", order.get("department"))
        .set("occurred_at", ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()))
        .set("order_id", order.get("order_id"))
        .set("work_order_id", order.get("work_order_id"))
        .set("department", order.get("department"))
        .set("kind", kind)
        .build();
  }

  private static String latestSchema(String subject) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(REGISTRY + "/subjects/" + subject + "/versions/latest/schema"));
    while (true) {
      try {
        var answer = HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
          throw new IllegalStateException(subject + ": " + answer.body());
        }
        return answer.body();
      } catch (ConnectException away) {
        System.out.println("waits for the schema registry at " + REGISTRY);
        Thread.sleep(2000);
      }
    }
  }

  /** Where Kafka is, and how to be let in. */
  private static Map<String, Object> connection() {
    Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", BOOTSTRAP));
    String user = System.getenv("KAFKA_USERNAME");
    if (user != null) {
      String login = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";";
      settings.put("security.protocol", "SASL_SSL");
      settings.put("sasl.mechanism", "SCRAM-SHA-512");
      settings.put("sasl.jaas.config", login.formatted(user, System.getenv("KAFKA_PASSWORD")));
      settings.put("ssl.truststore.type", "PEM");
      settings.put("ssl.truststore.location", System.getenv("KAFKA_CAFILE"));
    }
    return settings;
  }

  private static KafkaConsumer<String, GenericRecord> consumer(String department) {
    var deserializer = new AvroKafkaDeserializer<GenericRecord>();
    deserializer.configure(SERDES, false);
    Map<String, Object> settings = connection();
    settings.put("group.id", department); // of every program that does this department's work, in whichever language
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", false);
    settings.put("isolation.level", "read_committed"); // what the hub took back is not to be seen
    return new KafkaConsumer<>(settings, new StringDeserializer(), deserializer);
  }

  private static KafkaProducer<String, GenericRecord> producer() {
    var serializer = new AvroKafkaSerializer<GenericRecord>();
    serializer.configure(SERDES, false);
    return new KafkaProducer<>(connection(), new StringSerializer(), serializer);
  }
}
