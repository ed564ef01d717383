#!/usr/bin/env bash
# The AWS CLI commands of the guide that the workbook grew from, names filled in and its errors corrected.
#
# Runs as it is against the local cloud (after `eval "$(labkit cloud env)"`) in an empty folder. Against AWS it
# would run too, with an account's own bucket name; it costs money there. test_source_document.py runs it and
# looks at what each command brought about.
set -euo pipefail

region=$AWS_DEFAULT_REGION
account=$(aws sts get-caller-identity --query Account --output text)
function_arn=arn:aws:lambda:$region:$account:function:my-function
# Version 1 of the CLI does not read AWS_ENDPOINT_URL for Amazon SQS.
sqs() { aws ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} sqs "$@"; }
updated() { aws lambda wait function-updated-v2 --function-name my-function; }

# A new role is not assumable for some seconds: whoever uses it at once has to try again.
patiently() {
    for _ in 1 2 3 4 5 6; do
        if "$@"; then return; fi
        sleep 2
    done
    "$@"
}

# Which runtimes are in use. There is no `aws lambda list-runtimes`.
aws lambda list-functions --function-version ALL --query 'Functions[].[FunctionName,Runtime]' >runtimes.json

echo "== phase 2: role and function"
aws iam create-role \
    --role-name lambda-execution-role \
    --assume-role-policy-document '{
      "Version": "2012-10-17",
      "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole"
      }]
    }'
# Logs; then what the guide forgot: the stream of the table, and X-Ray.
for policy in AWSLambdaBasicExecutionRole AWSLambdaDynamoDBExecutionRole; do
    aws iam attach-role-policy --role-name lambda-execution-role \
        --policy-arn "arn:aws:iam::aws:policy/service-role/$policy"
done
aws iam attach-role-policy --role-name lambda-execution-role \
    --policy-arn arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess
# The guide's statement for the table, and the dead-letter queue that it forgot.
aws iam put-role-policy \
    --role-name lambda-execution-role \
    --policy-name DynamoDBAccess \
    --policy-document '{
      "Version": "2012-10-17",
      "Statement": [{
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"],
        "Resource": "arn:aws:dynamodb:'"$region:$account"':table/MyTable"
      }, {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:'"$region:$account"':my-dlq"
      }]
    }'

cat >lambda_function.py <<'PYTHON'
import importlib
import json


def lambda_handler(event, context):
    print(json.dumps({"request_id": context.aws_request_id, "event": event}))
    if event.get("fail"):
        raise ValueError("this event cannot be processed")
    if event.get("import"):
        return importlib.import_module(event["import"]).__name__
    return {"statusCode": 200, "body": json.dumps({"version": context.function_version})}
PYTHON
python3 -m zipfile -c function.zip lambda_function.py
patiently aws lambda create-function \
    --function-name my-function \
    --runtime python3.12 \
    --role "arn:aws:iam::$account:role/lambda-execution-role" \
    --handler lambda_function.lambda_handler \
    --zip-file fileb://function.zip \
    --timeout 30 \
    --memory-size 512 \
    --environment 'Variables={TABLE_NAME=MyTable}' \
    --tags Environment=Production,Application=MyApp
aws lambda wait function-active-v2 --function-name my-function
# The processor is chosen with the code, not with the configuration.
aws lambda update-function-code \
    --function-name my-function \
    --zip-file fileb://function.zip \
    --architectures arm64
updated
aws lambda invoke --function-name my-function --payload '{"userId": "u-1"}' answer.json

echo "== phase 3: event sources"
api=$(aws apigateway create-rest-api --name my-api --description "My Lambda API" --query id --output text)
root=$(aws apigateway get-resources --rest-api-id "$api" --query 'items[0].id' --output text)
aws apigateway put-method --rest-api-id "$api" --resource-id "$root" \
    --http-method GET --authorization-type NONE
aws apigateway put-integration --rest-api-id "$api" --resource-id "$root" \
    --http-method GET --type AWS_PROXY --integration-http-method POST \
    --uri "arn:aws:apigateway:$region:lambda:path/2015-03-31/functions/$function_arn/invocations"
aws lambda add-permission --function-name my-function --statement-id api-invoke \
    --action lambda:InvokeFunction --principal apigateway.amazonaws.com \
    --source-arn "arn:aws:execute-api:$region:$account:$api/*/GET/"
aws apigateway create-deployment --rest-api-id "$api" --stage-name prod
echo "$api" >api.txt

aws s3api create-bucket --bucket my-bucket
# The permission comes first, with the account: a bucket's ARN does not say whose it is.
aws lambda add-permission \
    --function-name my-function \
    --statement-id s3-invoke \
    --action lambda:InvokeFunction \
    --principal s3.amazonaws.com \
    --source-arn arn:aws:s3:::my-bucket \
    --source-account "$account"
aws s3api put-bucket-notification-configuration \
    --bucket my-bucket \
    --notification-configuration '{
      "LambdaFunctionConfigurations": [{
        "LambdaFunctionArn": "'"$function_arn"'",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [
          {"Name": "prefix", "Value": "uploads/"},
          {"Name": "suffix", "Value": ".jpg"}
        ]}}
      }]
    }'

stream=$(aws dynamodb create-table --table-name MyTable \
    --key-schema AttributeName=id,KeyType=HASH \
    --attribute-definitions AttributeName=id,AttributeType=S \
    --billing-mode PAY_PER_REQUEST \
    --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES \
    --query TableDescription.LatestStreamArn --output text)
# Without limits a record that fails blocks its shard until it expires.
aws lambda create-event-source-mapping \
    --function-name my-function \
    --event-source-arn "$stream" \
    --starting-position LATEST \
    --batch-size 100 \
    --maximum-retry-attempts 2 \
    --bisect-batch-on-function-error

# 02:00 in UTC: rules know no other time zone, EventBridge Scheduler does.
aws events put-rule \
    --name daily-cleanup \
    --schedule-expression "cron(0 2 * * ? *)" \
    --state ENABLED
aws events put-targets \
    --rule daily-cleanup \
    --targets "Id"="1","Arn"="$function_arn"
aws lambda add-permission \
    --function-name my-function \
    --statement-id eventbridge-invoke \
    --action lambda:InvokeFunction \
    --principal events.amazonaws.com \
    --source-arn "arn:aws:events:$region:$account:rule/daily-cleanup"

echo "== phase 4: performance"
# Provisioned concurrency belongs to a version or an alias.
aws lambda publish-version --function-name my-function
aws lambda create-alias --function-name my-function --name PRODUCTION --function-version 1
aws lambda put-provisioned-concurrency-config \
    --function-name my-function \
    --provisioned-concurrent-executions 5 \
    --qualifier PRODUCTION
aws application-autoscaling register-scalable-target \
    --service-namespace lambda \
    --resource-id function:my-function:PRODUCTION \
    --scalable-dimension lambda:function:ProvisionedConcurrency \
    --min-capacity 5 \
    --max-capacity 100
aws application-autoscaling put-scaling-policy \
    --service-namespace lambda \
    --resource-id function:my-function:PRODUCTION \
    --scalable-dimension lambda:function:ProvisionedConcurrency \
    --policy-name utilization \
    --policy-type TargetTrackingScaling \
    --target-tracking-scaling-policy-configuration '{
      "TargetValue": 0.7,
      "PredefinedMetricSpecification": {"PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"}
    }'

aws logs filter-log-events \
    --log-group-name /aws/lambda/my-function \
    --filter-pattern '"Max Memory Used"' \
    --limit 10 >memory.json

# A layer shares code. A real one is filled with: pip install -t python/ --platform manylinux2014_aarch64 \
#   --only-binary=:all: --python-version 3.12 requests
mkdir -p python
echo 'GREETING = "hello"' >python/greetings.py
python3 -m zipfile -c layer.zip python
layer=$(aws lambda publish-layer-version \
    --layer-name my-dependencies \
    --zip-file fileb://layer.zip \
    --compatible-runtimes python3.12 \
    --query LayerVersionArn --output text)
aws lambda update-function-configuration --function-name my-function --layers "$layer"
updated

echo "== phase 5: errors and monitoring"
sqs create-queue --queue-name my-dlq
aws lambda update-function-configuration \
    --function-name my-function \
    --dead-letter-config "TargetArn=arn:aws:sqs:$region:$account:my-dlq"
updated
aws lambda put-function-event-invoke-config \
    --function-name my-function \
    --maximum-retry-attempts 2 \
    --maximum-event-age-in-seconds 3600
aws cloudwatch put-metric-data --namespace MyApp \
    --metric-data MetricName=ProcessedItems,Value=100,Unit=Count
topic=$(aws sns create-topic --name my-alerts --query TopicArn --output text)
aws cloudwatch put-metric-alarm --alarm-name my-function-errors \
    --namespace AWS/Lambda --metric-name Errors --dimensions Name=FunctionName,Value=my-function \
    --statistic Sum --period 60 --evaluation-periods 1 --threshold 1 \
    --comparison-operator GreaterThanOrEqualToThreshold --treat-missing-data notBreaching \
    --alarm-actions "$topic"
aws lambda update-function-configuration --function-name my-function --tracing-config Mode=Active
updated
