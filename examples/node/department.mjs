// A department that takes the hub's work orders and reports on them, with KafkaJS and its registry client as they come.
//
//     npm ci
//     node department.mjs logistics
//
// Kafka and the schema registry (any worker of the hub is one) are where BOOTSTRAP and REGISTRY say. Where Kafka
// demands a login, KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_CAFILE (who signs its certificate) are it.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { SchemaRegistry } from "@kafkajs/confluent-schema-registry";
import { Kafka, logLevel, Partitioners } from "kafkajs";

const BOOTSTRAP = process.env.BOOTSTRAP ?? "127.0.0.1:9092";
const REGISTRY = process.env.REGISTRY ?? "http://127.0.0.1:9464";

// What a department says of a work order, one after the other.
const STEPS = {
  production: ["accepted", "produced"],
  procurement: ["accepted", "received"],
  logistics: ["accepted", "shipped", "delivered"],
};

// That the department has done something; no lines means all that the work order still lacks. A line is
// { line_id: "1", quantity: "40", unit: null }; its quantity comes on top of what was reported before.
const report = (order, kind) => ({
  // The same id whenever the same is reported: the hub lets it take effect once.
  event_id: `${order.work_order_id}-${order.revision}-${kind}`,
  source: order.department,
  occurred_at: Date.now() * 1000, // microseconds
  sequence: null,
  order_id: order.order_id,
  work_order_id: order.work_order_id,
  department: order.department,
  kind,
  lines: [],
});

const department = process.argv[2];
if (!(department in STEPS)) {
  console.error(`usage: node department.mjs ${Object.keys(STEPS).join("|")}`);
  process.exit(2);
}
const registry = new SchemaRegistry({ host: REGISTRY });
const { KAFKA_USERNAME: username, KAFKA_PASSWORD: password, KAFKA_CAFILE: cafile } = process.env;
const login = username && {
  ssl: { ca: [readFileSync(cafile)] },
  sasl: { mechanism: "scram-sha-512", username, password },
};
const kafka = new Kafka({
  clientId: `${department}-node`,
  brokers: BOOTSTRAP.split(","),
  logLevel: logLevel.ERROR,
  ...login,
});
// Reads committed records only, by default; partitions by murmur2 of the key, as Java and the hub do.
// The group is that of every program that does this department's work, in whichever language.
const consumer = kafka.consumer({ groupId: department });
const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });

// The schema's id, once there is a registry to tell it.
const latestSchema = async (subject) => {
  for (;;) {
    try {
      return await registry.getLatestSchemaId(subject);
    } catch (error) {
      if (!/ECONNREFUSED/.test(error.message)) throw error;
      console.log(`waits for the schema registry at ${REGISTRY}`);
      await sleep(2000);
    }
  }
};
const schema = await latestSchema(`${department}.status-value`);

await Promise.all([producer.connect(), consumer.connect()]);
await consumer.subscribe({ topic: `${department}.orders`, fromBeginning: true });
console.log(`${department} waits for work on ${department}.orders`);
await consumer.run({
  // An offset is committed after this has returned: whatever ends this program, no work order is forgotten.
  eachMessage: async ({ message }) => {
    const order = await registry.decode(message.value);
    console.log(`${order.action} ${order.work_order_id}: ${order.lines.length} lines`);
    if (order.action === "cancel") return;
    const messages = [];
    for (const kind of STEPS[department]) { // your own work goes here
      messages.push({ key: order.order_id, value: await registry.encode(schema, report(order, kind)) });
    }
    await producer.send({ topic: `${department}.status`, acks: -1, messages });
  },
});
