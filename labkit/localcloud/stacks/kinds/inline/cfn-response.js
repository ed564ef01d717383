// Answers CloudFormation from a function behind a custom resource: require('cfn-response').send(...).
exports.SUCCESS = 'SUCCESS';
exports.FAILED = 'FAILED';

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: `See the details in CloudWatch Log Stream: ${context.logStreamName}`,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  const url = new URL(event.ResponseURL);
  const protocol = require(url.protocol === 'http:' ? 'http' : 'https');
  return new Promise((resolve) => {
    const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
    const request = protocol.request(url, { method: 'PUT', headers }, (answer) => {
      answer.resume();
      resolve(context.done());
    });
    request.on('error', (error) => {
      console.log(`The answer to CloudFormation could not be sent: ${error.message}`);
      resolve(context.done(error));
    });
    request.end(body);
  });
};
