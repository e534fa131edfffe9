// @ts-check
// Sends an order to the hub over HTTP, with a client whose types are generated from the intake's OpenAPI document.
//
//     npm ci
//     npx openapi-typescript --default-non-nullable false http://127.0.0.1:8080/openapi.json -o intake.d.ts
//     npx tsc
//     TOKEN=... node send.mjs SO-2001
//
// The intake (`hub intake`) is where INTAKE says.

import createClient from "openapi-fetch";

/** @typedef {import("./intake").components["schemas"]["OrderPlaced"]} OrderPlaced */

const client = /** @type {import("openapi-fetch").Client<import("./intake").paths>} */ (
  createClient({
    baseUrl: process.env.INTAKE ?? "http://127.0.0.1:8080",
    headers: { Authorization: `Bearer ${process.env.TOKEN}` },
  })
);

/** @type {(orderId: string) => OrderPlaced} */
const order = (orderId) => ({
  type: "OrderPlaced",
  source: "web-shop",
  occurred_at: new Date().toISOString(),
  order_id: orderId,
  customer_id: "0088:4098765000010",
  purchase_order: "PO-2026-0512",
  currency: "EUR",
  deliver_to: {
    name: "Weserland Anlagenbau",
    street: "Hafenstrasse 12",
    city: "Bremen",
    postal_code: "28217",
    country: "DE",
  },
  lines: [
    { line_id: "1", item_id: "BU-BOLT-M8", quantity: "500", unit: "C62", price: "0.12", vat_category: "S", vat_rate: "19" },
  ],
});

/**
 * Send an order and wait until Kafka has it; tried again with the same key, because then it takes effect once.
 *
 * @param {OrderPlaced} body
 */
async function send(body) {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    try {
      const { data, error, response } = await client.POST("/events", {
        params: { header: { "Idempotency-Key": `${body.order_id}-placed` } },
        body,
      });
      if (data) return data;
      if (response.status !== 429 && response.status !== 503) throw new Error(JSON.stringify(error));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // fetch throws a TypeError where no answer came
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error("the hub does not take the order now; send it again later");
}

const accepted = await send(order(process.argv[2] ?? "SO-2001"));
console.log(`${accepted.type} ${accepted.event_id} is at ${accepted.topic}-${accepted.partition}@${accepted.offset}`);
