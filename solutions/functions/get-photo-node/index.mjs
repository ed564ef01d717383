import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";

const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));

export const handler = async (event) => {
  // ### BEGIN SOLUTION
  const wanted = { TableName: process.env.TABLE_NAME, Key: { photo_id: event.photo_id } };
  const { Item } = await table.send(new GetCommand(wanted));
  return Item
    ? { statusCode: 200, body: JSON.stringify(Item) }
    : { statusCode: 404, body: JSON.stringify({ error: `no photo ${event.photo_id}` }) };
  // ### END SOLUTION
};
