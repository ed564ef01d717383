import os, boto3

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])

def print_order(order):
    copies = order["copies"]
    if copies < 1:
        raise ValueError(f"nobody can print {copies} copies")
    orders.update_item(
        Key={"order_id": order["order_id"]},
        UpdateExpression="ADD printed :copies",
        ExpressionAttributeValues={":copies": copies},
    )
