package orderhub.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams, exactly_once_v2, RocksDB: count and sum per key, one output for each input.
 *
 * <p>The store's record cache is on, so that RocksDB and the changelog are written once per key and commit, while
 * every input still gives its own output. State is 16 bytes, which costs less than JSON.
 */
public final class Totals {
  private static final String STORE = "totals";

  public record Event(String key, long amount) {}

  public record Total(String key, long count, long sum) {}

  record State(long count, long sum) {}

  private Totals() {}

  public static void main(String[] args) throws InterruptedException {
    KafkaStreams streams = new KafkaStreams(topology(env("BENCH_SOURCE"), env("BENCH_OUTPUT")), settings());
    CountDownLatch ended = new CountDownLatch(1);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.ERROR) {
            ended.countDown();
          }
        });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
    ended.await();
    Runtime.getRuntime().halt(1);
  }

  private static String env(String name) {
    return Objects.requireNonNull(System.getenv(name), name);
  }

  static Topology topology(String source, String output) {
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(source, Consumed.with(Serdes.String(), json(Event.class)))
        .processValues(new Adder())
        .to(output, Produced.with(Serdes.String(), json(Total.class)));
    return builder.build();
  }

  static Properties settings() {
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, env("BENCH_OUTPUT"));
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env("BENCH_BOOTSTRAP"));
    p.put(StreamsConfig.STATE_DIR_CONFIG, env("BENCH_DIR"));
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, env("BENCH_THREADS"));
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, env("BENCH_COMMIT_MS"));
    p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 256L << 20);
    p.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 5_000);
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 << 10);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 128L << 20);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 100);
    return p;
  }

  /** Adds each event to its key's total and forwards the new total. */
  static final class Adder implements FixedKeyProcessorSupplier<String, Event, Total> {
    @Override
    public Set<StoreBuilder<?>> stores() {
      return Set.of(
          Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), Serdes.String(), state())
              .withCachingEnabled());
    }

    @Override
    public FixedKeyProcessor<String, Event, Total> get() {
      return new FixedKeyProcessor<>() {
        private FixedKeyProcessorContext<String, Total> context;
        private KeyValueStore<String, State> store;

        @Override
        public void init(FixedKeyProcessorContext<String, Total> context) {
          this.context = context;
          this.store = context.getStateStore(STORE);
        }

        @Override
        public void process(FixedKeyRecord<String, Event> record) {
          Event event = record.value();
          State old = store.get(event.key());
          State now =
              old == null ? new State(1, event.amount()) : new State(old.count() + 1, old.sum() + event.amount());
          store.put(event.key(), now);
          context.forward(record.withValue(new Total(event.key(), now.count(), now.sum())));
        }
      };
    }
  }

  private static <T> Serde<T> json(Class<T> type) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectReader reader = mapper.readerFor(type);
    ObjectWriter writer = mapper.writerFor(type);
    return Serdes.serdeFrom(
        (topic, value) -> {
          try {
            return writer.writeValueAsBytes(value);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        (topic, bytes) -> {
          try {
            return reader.readValue(bytes);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private static Serde<State> state() {
    return Serdes.serdeFrom(
        (topic, value) ->
            value == null ? null : ByteBuffer.allocate(16).putLong(value.count()).putLong(value.sum()).array(),
        (topic, bytes) -> {
          if (bytes == null) {
            return null;
          }
          ByteBuffer buffer = ByteBuffer.wrap(bytes);
          return new State(buffer.getLong(), buffer.getLong());
        });
  }
}
