// Reads an AsyncAPI document with the official parser: what it complains of, and what it understood, as JSON.
//
//     node parse.mjs DOCUMENT

import { AvroSchemaParser } from "@asyncapi/avro-schema-parser";
import { fromFile, Parser } from "@asyncapi/parser";

const parser = new Parser();
parser.registerSchemaParser(AvroSchemaParser());
const { document, diagnostics } = await fromFile(parser, process.argv[2]).parse();
const fields = (message) => Object.keys(message.payload().properties() ?? {});
const channels = document?.allChannels().all() ?? [];
console.log(
  JSON.stringify({
    complaints: diagnostics.map((each) => `${each.path.join(".")}: ${each.message} [${each.code}]`),
    channels: Object.fromEntries(
      channels.map((channel) => [
        channel.address(),
        {
          action: channel.operations().all()[0].action(),
          messages: Object.fromEntries(channel.messages().all().map((message) => [message.id(), fields(message)])),
        },
      ]),
    ),
  }),
);
